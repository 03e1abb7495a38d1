"""Register task definitions, where something changed.

Each is checked first, as `validate` does. When the latest ACTIVE revision of the family means the same, no
new revision is made; when only tags differ, the existing one gets them. The ARN is printed either way.
"""

from __future__ import annotations

import argparse
from typing import Any

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry import concealed, registered
from neuronserve.deploy.ecs.registry import files as definitions
from neuronserve.deploy.ecs.registry.described import checked_family
from neuronserve.deploy.ecs.registry.difference import Change
from neuronserve.deploy.findings import Finding, Severity
from neuronserve.errors import InvalidInput


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="JSON or YAML, one or a list; - is the input")
    parser.add_argument("--force", action="store_true", help="a new revision although nothing changed")
    parser.add_argument("--no-validate", action="store_true", help="leave the check to ECS")


def run(given: argparse.Namespace, desk: Desk) -> int:
    files = {file: definitions.read(file) for file in given.file}
    requests = [request for some in files.values() for request in some]
    _distinct(files)
    if not given.no_validate and not _valid(desk, files):
        desk.say("nothing is registered: see the errors above (--no-validate leaves the check to ECS)")
        return exits.NO
    each = _planned if given.dry_run else _registered
    results: list[dict[str, Any]] = []
    try:
        for request in requests:
            results.append(each(desk, request, force=given.force))  # noqa: PERF401  the next may fail
    finally:  # what was registered before an error is registered
        if results:
            desk.show(results[0] if len(requests) == 1 else results)
    return exits.YES


def _registered(desk: Desk, request: dict[str, Any], *, force: bool) -> dict[str, Any]:
    made = registered.register(desk.aws, request, force=force, clock=desk.clock)
    return {"family": request["family"], "arn": made.arn, "new": made.new, **_changes(made.changes)}


def _planned(desk: Desk, request: dict[str, Any], *, force: bool) -> dict[str, Any]:
    made = registered.plan(desk.aws, request, force=force)
    return {
        "family": request["family"],
        "arn": None if made.new or not made.known else made.known.arn,
        "new": made.new,
        **_changes(made.changes),
        "calls": [{operation: parameters} for operation, parameters in made.calls],
    }


def _changes(changes: tuple[Change, ...]) -> dict[str, Any]:
    return {"changes": [concealed.change(change) for change in changes]}


def _distinct(files: dict[str, list[dict[str, Any]]]) -> None:
    """Two definitions of one family would be two revisions, and the first one never used."""
    seen: dict[str, str] = {}
    for file, requests in files.items():
        for request in requests:
            family = checked_family(request.get("family"), f"{file}#/family")
            if family in seen:
                raise InvalidInput(f"family {family} is there twice: in {seen[family]} and {file}")
            seen[family] = file


def _valid(desk: Desk, files: dict[str, list[dict[str, Any]]]) -> bool:
    from neuronserve.deploy.ecs import validation

    found: list[tuple[str, Finding]] = []
    for file, requests in files.items():
        for request in requests:
            name = file if len(requests) == 1 else f"{file}[{request['family']}]"
            found += [(name, finding) for finding in validation.findings(request)]
        found += [(file, finding) for finding in validation.across(requests) if len(requests) > 1]
    for name, finding in found:
        if finding.severity is not Severity.NOTE:
            desk.say(finding.line(name))
    return not any(finding.severity is Severity.ERROR for _, finding in found)
