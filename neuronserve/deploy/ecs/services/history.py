"""What a service can go back to: the last task definition before this one whose deployment completed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry import registered
from neuronserve.deploy.ecs.services import live
from neuronserve.deploy.ecs.services.changes import same_definition
from neuronserve.errors import NoSuchResource

_PAGE = 20  # ARNs that DescribeServiceRevisions takes
_FEW = 100  # deployments that are looked at; ECS records 90 days
_NOT_HERE = {
    "AccessDeniedException", "UnsupportedFeatureException", "UnknownOperationException", "InvalidAction",
    "UnknownOperation", "NotImplemented", "InternalFailure", "501", "404", "400",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Earlier:
    """``how``: how it is known to have been good, for a person."""

    definition: registered.Registered
    how: str


def last_good(desk: Desk, service: dict[str, Any]) -> Earlier:
    """Raises NoSuchResource when there is nothing to go back to."""
    now = str(live.primary(service).get("taskDefinition") or service.get("taskDefinition"))
    try:
        recorded = _completed(desk.aws, service)
    except ClientError as error:
        if code_of(error) not in _NOT_HERE:
            raise
        desk.say(f"ECS's record of deployments cannot be read ({code_of(error)}): taking the revision before")
        recorded = []
    for arn in recorded:
        if not same_definition(arn, now) and (found := _active(desk, arn)):
            return Earlier(found, "its deployment completed")
    if recorded:
        raise NoSuchResource(
            f"{service['serviceName']}: nothing to go back to: no other task definition that is still "
            "ACTIVE is recorded as completed",
            hint="deploy FAMILY:REVISION by name; `scripts/task-definition revisions` lists them",
        )
    return Earlier(
        _revision_before(desk.aws, service, now),
        "the newest older revision; whether it ever ran is not known",
    )


def _completed(aws: Aws, service: dict[str, Any]) -> list[str]:
    """Task definitions of successful deployments, the newest first."""
    found: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while len(found) < _FEW:
        answer: Any = aws.ecs.list_service_deployments(
            cluster=service["clusterArn"], service=service["serviceArn"], status=["SUCCESSFUL"], **more
        )
        found += answer["serviceDeployments"]
        if not answer.get("nextToken"):
            break
        more = {"nextToken": answer["nextToken"]}
    found.sort(key=lambda item: item["createdAt"], reverse=True)
    revisions = [item["targetServiceRevisionArn"] for item in found if item.get("targetServiceRevisionArn")]
    definitions = dict(_definitions(aws, list(dict.fromkeys(revisions))))
    return [definitions[arn] for arn in revisions if arn in definitions]


def _definitions(aws: Aws, revisions: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(revisions), _PAGE):
        answer = aws.ecs.describe_service_revisions(serviceRevisionArns=revisions[start : start + _PAGE])
        for item in answer["serviceRevisions"]:
            yield item["serviceRevisionArn"], item["taskDefinition"]


def _active(desk: Desk, arn: str) -> registered.Registered | None:
    try:
        found = registered.fetch(desk.aws, arn)
    except NoSuchResource:
        found = None
    if found is None or found.status != "ACTIVE":
        desk.say(f"{arn.rpartition('/')[2]} was good, and is deregistered: looking further back")
        return None
    return found


def _number(arn: str) -> int:
    return int(arn.rpartition(":")[2])


def _revision_before(aws: Aws, service: dict[str, Any], now: str) -> registered.Registered:
    family, _, number = now.rpartition("/")[2].rpartition(":")
    pages = aws.ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE")
    arns = [arn for page in pages for arn in page["taskDefinitionArns"]]
    older = [
        arn
        for arn in arns
        if arn.rpartition("/")[2].rpartition(":")[0] == family and _number(arn) < int(number)
    ]
    if not older:
        raise NoSuchResource(
            f"{service['serviceName']}: nothing to go back to: {family} has none ACTIVE before {number}",
            hint="deploy another task definition by name",
        )
    return registered.fetch(aws, max(older, key=_number))
