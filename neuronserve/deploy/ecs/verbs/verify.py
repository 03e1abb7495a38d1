"""Look whether all that a task definition names is there, and as the task needs it.

Each item is OK, NG or SKIP, with what was seen and one fix. Nothing is changed, registered or read that is
secret; what may not be looked at is a SKIP. Exit code 0: no item is NG; 1: at least one is.
"""

from __future__ import annotations

import argparse
import collections
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import verification
from neuronserve.deploy.ecs.registry import registered
from neuronserve.deploy.ecs.services import live
from neuronserve.deploy.ecs.verification import CHECKS, Case, Item, Verdict
from neuronserve.errors import InvalidInput


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="FILE|FAMILY[:REV]", help="JSON or YAML, or what is registered")
    parser.add_argument("--cluster", metavar="NAME", help="where it is to run: looks at its instances")
    parser.add_argument("--service", metavar="NAME", help="as a service that is there: with its constraints")
    parser.add_argument(
        "--constraint", metavar="EXPRESSION", action="append", default=[],
        help="a placement constraint that run-task will have (may be repeated)",
    )  # fmt: skip
    parser.add_argument("--only", metavar="CHECK", action="append", choices=CHECKS, help=", ".join(CHECKS))
    parser.add_argument("--skip", metavar="CHECK", action="append", choices=CHECKS, default=[])
    parser.add_argument(
        "--output", choices=("text", "json", "yaml"), default="text", help="lines, or a document"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    names = [name for name in given.only or CHECKS if name not in given.skip]
    desk.say(f"{given.target}, in {desk.aws.region}:")
    found = []
    for item in verification.items(list(_cases(given, desk)), names):
        found.append(item)
        if given.output == "text":
            _print(desk, item)
    counts = collections.Counter(item.verdict for item in found)
    if given.output == "text":
        desk.say(", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict))
    else:
        desk.show({"ok": not counts[Verdict.NG], "items": [item.as_dict() for item in found]})
    return exits.NO if counts[Verdict.NG] else exits.YES


def _print(desk: Desk, item: Item) -> None:
    for line in item.lines():
        desk.line(line)


def _cases(given: argparse.Namespace, desk: Desk) -> Iterator[Case]:
    cluster, service = given.cluster, given.service
    if service:
        cluster, service = live.located(service, cluster or "")
    if service and not cluster:
        raise InvalidInput("--service without --cluster: a service is in a cluster")
    constraints: Sequence[Mapping[str, Any]] = [
        {"type": "memberOf", "expression": expression} for expression in given.constraint
    ]
    if service:
        constraints = [*constraints, *_of_service(desk, cluster, service)]
    for target in registered.resolve(desk, given.target, dry_run=True):
        yield Case(desk.aws, target.request, cluster, service, tuple(constraints))


def _of_service(desk: Desk, cluster: str, service: str) -> Sequence[Mapping[str, Any]]:
    """The placement constraints of a service."""
    found = live.running(desk.aws, cluster, service)
    return [dict(constraint) for constraint in found.get("placementConstraints", [])]
