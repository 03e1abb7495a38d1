"""A service as ECS shows it now."""

from __future__ import annotations

from typing import Any, cast

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of
from neuronserve.errors import AwsFailed, NoSuchResource

ACTIVE, DRAINING = "ACTIVE", "DRAINING"


def look(aws: Aws, cluster: str, name: str, *, tags: bool = False) -> dict[str, Any] | None:
    """What DescribeServices has of it, ``INACTIVE`` ones too; None: there is none.

    Raises NoSuchResource when there is no such cluster, AwsFailed when ECS tells another failure.
    """
    include: dict[str, Any] = {"include": ["TAGS"]} if tags else {}
    try:
        answer = aws.ecs.describe_services(cluster=cluster, services=[name], **include)
    except ClientError as error:
        if code_of(error) == "ClusterNotFoundException":
            raise NoSuchResource(
                f"no cluster {cluster} in {aws.region}", hint="see --cluster and --region"
            ) from None
        raise
    for service in answer["services"]:
        return cast("dict[str, Any]", service)
    for failure in answer.get("failures", ()):
        if failure.get("reason") != "MISSING":
            raise AwsFailed(f"DescribeServices: {name}: {failure.get('reason')}: {failure.get('detail', '')}")
    return None


def running(aws: Aws, cluster: str, name: str) -> dict[str, Any]:
    """The same of a service that must be ACTIVE. Raises NoSuchResource."""
    service = look(aws, cluster, name)
    if service is None or service.get("status") != ACTIVE:
        state = f" (it is {service.get('status')})" if service else ""
        raise NoSuchResource(
            f"no service {name} in cluster {cluster}{state}", hint="see --cluster and --region"
        )
    return service


def primary(service: dict[str, Any]) -> dict[str, Any]:
    """The newest deployment; empty when there is none, as with services that ECS does not deploy."""
    return next((item for item in deployments(service) if item.get("status") == "PRIMARY"), {})


def deployments(service: dict[str, Any]) -> list[dict[str, Any]]:
    return list(service.get("deployments") or ())


def located(text: str, cluster: str) -> tuple[str, str]:
    """Cluster and name of a service given by name or ARN; the long form of an ARN names its cluster."""
    if not text.startswith("arn:"):
        return cluster, text
    steps = text.split("/")
    return (steps[1] if len(steps) == 3 else cluster), steps[-1]
