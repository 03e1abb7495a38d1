"""Task definitions that ECS has: fetched as requests, and registered only when something changed."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Final

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import definitions, tags
from neuronserve.deploy.ecs.canonical import RESPONSE_ONLY
from neuronserve.deploy.ecs.difference import Change, difference
from neuronserve.deploy.waiting import Clock, SystemClock
from neuronserve.errors import InvalidInput, NoSuchResource

__all__ = ["RESPONSE_ONLY", "Registered", "Registration", "Target", "fetch", "latest", "register", "resolve"]

ACTIVE: Final = "ACTIVE"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}(:[0-9]{1,10})?")
_ARN: Final = re.compile(r"arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]{12}:task-definition/" + _NAME.pattern)
_ATTEMPTS: Final = 5


@dataclasses.dataclass(frozen=True)
class Registered:
    """A revision. ``request`` is fit to register again, with the tags that people may set."""

    arn: str
    family: str
    revision: int
    status: str
    request: dict[str, Any]


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


def fetch(aws: Aws, name: str) -> Registered:
    """A revision by ARN or ``family:revision``; a family alone is its latest ACTIVE one.

    Raises NoSuchResource; InvalidInput when ``name`` is none of them.
    """
    if not (_NAME.fullmatch(name) or _ARN.fullmatch(name)):
        raise InvalidInput(f"{name!r} names no task definition", hint="FAMILY, FAMILY:REVISION or its ARN")
    found = _described(aws, name)
    family = name.rpartition("/")[2]
    if ":" not in family and (found is None or found.status != ACTIVE):
        found = _newest_listed(aws, family)
    if found is None:
        what = "revision" if ":" in family else "ACTIVE revision"
        raise NoSuchResource(
            f"no {what} of a task definition {name}", hint="scripts/task-definition revisions lists them"
        )
    return found


def latest(aws: Aws, family: str) -> Registered | None:
    """The latest ACTIVE revision of a family, if any."""
    try:
        return fetch(aws, family)
    except NoSuchResource:
        return None


def register(
    aws: Aws, request: dict[str, Any], *, force: bool = False, clock: Clock | None = None
) -> Registration:
    """The revision for ``request``: the latest ACTIVE one when it is the same, else a new one.

    When only tags differ the existing revision gets them: a service would stop every task that holds its
    chips for a new revision, and a task notices nothing of tags. ``force``: a new one in any case.
    """
    known = latest(aws, family_of(request))
    changes = tuple(difference(known.request, request)) if known else ()
    if known and not force and all(change.steps[0] == "tags" for change in changes):
        if changes:
            tags.put(aws, known.arn, known.request, request)
        return Registration(known.arn, new=False, changes=changes)
    return Registration(_send(aws, request, clock or SystemClock()), new=True, changes=changes)


def resolve(desk: Desk, target: str, *, dry_run: bool) -> list[Target]:
    """What a person named: a file with one definition or a list, or a registered one.

    A file's definitions are registered where they changed; ``dry_run``: nothing is sent for them.
    """
    if not definitions.is_file(target):
        found = fetch(desk.aws, target)
        return [Target(found.arn, found.request)]
    requests = definitions.read(target)
    if dry_run:
        return [Target(family_of(request), request) for request in requests]
    return [Target(register(desk.aws, request, clock=desk.clock).arn, request) for request in requests]


def family_of(request: dict[str, Any]) -> str:
    """Raises InvalidInput when it has none that ECS would take."""
    family = request.get("family")
    if not isinstance(family, str) or not _NAME.fullmatch(family) or ":" in family:
        raise InvalidInput(f"/family is {family!r}", hint="1 to 255 letters, digits, '-' and '_'")
    return family


def sendable(request: dict[str, Any]) -> dict[str, Any]:
    """The request as it is sent: ECS refuses an empty list of tags, and what only answers have."""
    return {k: v for k, v in request.items() if k not in RESPONSE_ONLY and not (k == "tags" and v == [])}


def _send(aws: Aws, request: dict[str, Any], clock: Clock) -> str:
    """Register; wait a little when somebody else is registering the same family."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return aws.ecs.register_task_definition(**sendable(request))["taskDefinition"][
                "taskDefinitionArn"
            ]
        except ClientError as error:
            if "concurrent" not in str(error) or attempt == _ATTEMPTS:
                raise
            clock.sleep(attempt)
    raise AssertionError("unreachable")


def _described(aws: Aws, name: str) -> Registered | None:
    try:
        answer = aws.ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])
    except ClientError as error:
        if code_of(error) == "ClientException" and "describe task definition" in str(error):
            return None
        raise
    found: dict[str, Any] = dict(answer["taskDefinition"])
    request = {key: value for key, value in found.items() if key not in RESPONSE_ONLY}
    kept = tags.settable(answer.get("tags", []))
    return Registered(
        arn=found["taskDefinitionArn"],
        family=found["family"],
        revision=found["revision"],
        status=found["status"],
        request={**request, "tags": kept} if kept else request,
    )


def _newest_listed(aws: Aws, family: str) -> Registered | None:
    """Its latest ACTIVE revision by the list: not every AWS describes it by the family's name."""
    pages = aws.ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status=ACTIVE)
    arns = [arn for page in pages for arn in page["taskDefinitionArns"]]
    exact = [arn for arn in arns if arn.rpartition("/")[2].rpartition(":")[0] == family]
    return _described(aws, max(exact, key=revision_of)) if exact else None


def revision_of(arn: str) -> int:
    return int(arn.rpartition(":")[2])
