"""Task definitions that ECS has: fetched as requests, and registered only when something changed."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry import files as definitions
from neuronserve.deploy.ecs.registry.canonical import RESPONSE_ONLY
from neuronserve.deploy.ecs.registry.described import Registered, checked_family, fetch, latest
from neuronserve.deploy.ecs.registry.difference import Change, difference
from neuronserve.deploy.ecs.rendering import tags
from neuronserve.deploy.waiting import Clock, SystemClock

__all__ = [
    "RESPONSE_ONLY", "Plan", "Registered", "Registration", "Target", "fetch", "latest", "plan", "register",
    "resolve",
]  # fmt: skip

_ATTEMPTS: Final = 6
_REGISTER: Final = "RegisterTaskDefinition"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What it takes to have a request registered.

    ``known``: the latest ACTIVE revision; ``changes``: against it; ``calls``: operations of ECS with their
    parameters, in order; none when all is there.
    """

    known: Registered | None
    changes: tuple[Change, ...]
    calls: tuple[tuple[str, dict[str, Any]], ...]

    @property
    def new(self) -> bool:
        return any(operation == _REGISTER for operation, _ in self.calls)


@dataclasses.dataclass(frozen=True)
class Registration:
    """The revision with what was asked for. ``new``: made now; ``changes``: against the latest before."""

    arn: str
    new: bool
    changes: tuple[Change, ...] = ()


@dataclasses.dataclass(frozen=True)
class Target:
    """What to run: ``name`` is an ARN, or a family that a dry run did not register."""

    name: str
    request: dict[str, Any]


def plan(aws: Aws, request: dict[str, Any], *, force: bool = False) -> Plan:
    """Compare with the latest ACTIVE revision; nothing is changed. ``force``: a new one in any case.

    When only tags differ, the existing revision gets them. A new one would make each service stop the tasks
    that hold its chips, for something that no task notices.
    """
    family = checked_family(request.get("family"), "/family")
    known = latest(aws, family)
    changes = tuple(difference(known.request, request)) if known else ()
    if known is None or force or any(change.steps[0] != "tags" for change in changes):
        return Plan(known, changes, ((_REGISTER, _sendable(request)),))
    return Plan(known, changes, tags.calls(known.arn, known.request, request))


def register(
    aws: Aws, request: dict[str, Any], *, force: bool = False, clock: Clock | None = None
) -> Registration:
    """The revision for ``request``: the latest ACTIVE one when it is the same, else a new one.

    ECS refuses two that register one family at the same moment: then look again, since the other one may have
    registered just this.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _done(aws, plan(aws, request, force=force))
        except ClientError as error:
            if "Too many concurrent attempts" not in str(error) or attempt == _ATTEMPTS:
                raise
            (clock or SystemClock()).sleep(2 ** (attempt - 1))
    raise AssertionError("the loop ends in a return or a raise")


def resolve(desk: Desk, target: str, *, dry_run: bool) -> list[Target]:
    """What a person named: a file with one definition or a list, or a registered one.

    A file's definitions are registered where they changed; ``dry_run``: nothing is asked or sent for them.
    """
    if not definitions.is_file(target):
        found = fetch(desk.aws, target)
        return [Target(found.arn, found.request)]
    requests = definitions.read(target)
    if dry_run:
        return [Target(checked_family(request.get("family"), "/family"), request) for request in requests]
    return [Target(register(desk.aws, request, clock=desk.clock).arn, request) for request in requests]


def _done(aws: Aws, made: Plan) -> Registration:
    arn = made.known.arn if made.known else ""
    for operation, parameters in made.calls:
        if operation == _REGISTER:
            arn = aws.ecs.register_task_definition(**parameters)["taskDefinition"]["taskDefinitionArn"]
        elif operation == "TagResource":
            aws.ecs.tag_resource(**parameters)
        else:
            aws.ecs.untag_resource(**parameters)
    return Registration(arn, made.new, made.changes)


def _sendable(request: dict[str, Any]) -> dict[str, Any]:
    """Without an empty list of tags, which ECS refuses, and what only answers have."""
    return {k: v for k, v in request.items() if k not in RESPONSE_ONLY and not (k == "tags" and v == [])}
