"""Compare task definitions in files with what is registered.

Defaults that ECS fills in and the order of what has none make no difference. Exit code 0: the same; 1: a
difference, also when the family has no ACTIVE revision. Values that look like secrets are hidden.
"""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry import concealed, registered, unified
from neuronserve.deploy.ecs.registry import files as definitions
from neuronserve.deploy.ecs.registry.described import checked_family
from neuronserve.deploy.ecs.registry.difference import Change, difference
from neuronserve.errors import InvalidInput


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="JSON or YAML, one or a list; - is the input")
    parser.add_argument(
        "--against", metavar="FAMILY[:REV]", help="compare with this (the file's family, its latest revision)"
    )
    parser.add_argument(
        "--output", choices=("text", "json", "yaml"), default="text", help="a unified diff, or the changes"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    named = [(file, request) for file in given.file for request in definitions.read(file)]
    if given.against and len(named) > 1:
        raise InvalidInput(f"--against compares one definition, not {len(named)}")
    results = [_compared(desk, file, request, given.against) for file, request in named]
    if given.output != "text":
        documents = [result.as_dict() for result in results]
        desk.show(documents[0] if len(documents) == 1 else documents)
    else:
        for result in results:
            _print(desk, result)
    return exits.YES if all(result.same for result in results) else exits.NO


@dataclasses.dataclass(frozen=True)
class _Result:
    """``known`` None: nothing is registered."""

    file: str
    request: dict[str, Any]
    known: registered.Registered | None

    @property
    def changes(self) -> list[Change]:
        return difference(self.known.request, self.request) if self.known else []

    @property
    def same(self) -> bool:
        return self.known is not None and not self.changes

    def as_dict(self) -> dict[str, Any]:
        return {
            "family": self.request.get("family"),
            "against": self.known.arn if self.known else None,
            "same": self.same,
            "changes": [concealed.change(change) for change in self.changes],
        }


def _compared(desk: Desk, file: str, request: dict[str, Any], against: str | None) -> _Result:
    if against:
        return _Result(file, request, registered.fetch(desk.aws, against))
    family = checked_family(request.get("family"), f"{file}#/family")
    return _Result(file, request, registered.latest(desk.aws, family))


def _print(desk: Desk, result: _Result) -> None:
    known, family = result.known, result.request.get("family")
    if known is None:
        desk.say(f"{family}: not registered: no ACTIVE revision")
    elif result.same:
        desk.say(f"{family}: the same as {known.family}:{known.revision}")
    names = (f"{known.family}:{known.revision}" if known else "/dev/null", result.file)
    colour = desk.out.isatty() and not desk.environ.get("NO_COLOR") and desk.environ.get("TERM") != "dumb"
    for line in unified.lines(known.request if known else None, result.request, names=names, colour=colour):
        desk.line(line)
