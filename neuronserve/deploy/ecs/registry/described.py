"""Task definitions as ECS describes them, made into requests again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Any, Final, Literal

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of
from neuronserve.deploy.ecs.registry.canonical import RESPONSE_ONLY
from neuronserve.deploy.ecs.rendering import tags
from neuronserve.errors import InvalidInput, NoSuchResource

Status = Literal["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"]
ACTIVE: Final = "ACTIVE"

_FAMILY: Final = r"[A-Za-z0-9_-]{1,255}"
_NAME: Final = re.compile(_FAMILY + r"(:[0-9]{1,10})?")
_ARN: Final = re.compile(r"arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]{12}:task-definition/" + _NAME.pattern)


@dataclasses.dataclass(frozen=True)
class Registered:
    """A revision. ``request`` is fit to register again, with the tags that people may set."""

    arn: str
    family: str
    revision: int
    status: str
    request: dict[str, Any]
    registered_at: dt.datetime | None = None


def fetch(aws: Aws, name: str) -> Registered:
    """A revision by ARN or ``family:revision``; a family alone is its latest ACTIVE one.

    Raises NoSuchResource; InvalidInput when ``name`` is none of them.
    """
    if not (_NAME.fullmatch(name) or _ARN.fullmatch(name)):
        raise InvalidInput(f"{name!r} names no task definition", hint="FAMILY, FAMILY:REVISION or its ARN")
    found = look(aws, name)
    resource = name.rpartition("/")[2]
    if ":" not in resource and (found is None or found.status != ACTIVE):
        listed = arns(aws, resource)  # not every AWS describes the latest ACTIVE one by the family's name
        found = look(aws, listed[0]) if listed else None
    if found is None:
        what = "such revision" if ":" in resource else "ACTIVE revision of a task definition"
        raise NoSuchResource(
            f"{resource}: no {what} is registered",
            hint=f"scripts/task-definition revisions {resource.partition(':')[0]} --all lists them",
        )
    return found


def latest(aws: Aws, family: str) -> Registered | None:
    """The latest ACTIVE revision of a family, if any."""
    try:
        return fetch(aws, checked_family(family))
    except NoSuchResource:
        return None


def arns(aws: Aws, family: str, status: Status = ACTIVE) -> list[str]:
    """The revisions of exactly this family, newest first.

    ListTaskDefinitions is called ``familyPrefix`` and yet documented to take the full name; some take it for
    a prefix.
    """
    pages = aws.ecs.get_paginator("list_task_definitions").paginate(
        familyPrefix=family, status=status, sort="DESC"
    )
    listed = [arn for page in pages for arn in page["taskDefinitionArns"]]
    exact = [arn for arn in listed if arn.rpartition("/")[2].rpartition(":")[0] == family]
    return sorted(exact, key=revision_of, reverse=True)


def revision_of(arn: str) -> int:
    return int(arn.rpartition(":")[2])


def checked_family(family: Any, where: str = "family") -> str:
    """Raises InvalidInput when ECS would not take it for a family's name."""
    if not isinstance(family, str) or not re.fullmatch(_FAMILY, family):
        raise InvalidInput(f"{where}: {family!r} is no family", hint="1 to 255 letters, digits, '-' and '_'")
    return family


def look(aws: Aws, name: str) -> Registered | None:
    """What ECS describes by this name, if anything."""
    try:
        answer = aws.ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])
    except ClientError as error:
        if code_of(error) == "ClientException" and "describe task definition" in str(error):
            return None
        raise
    found: dict[str, Any] = dict(answer["taskDefinition"])
    request = {"family": found["family"]}
    request |= {key: value for key, value in found.items() if key not in RESPONSE_ONLY}
    kept = tags.settable(answer.get("tags", []))
    return Registered(
        arn=found["taskDefinitionArn"],
        family=found["family"],
        revision=found["revision"],
        status=found["status"],
        request={**request, "tags": kept} if kept else request,
        registered_at=found.get("registeredAt"),
    )
