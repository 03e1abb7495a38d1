"""Who uses task definitions: the services and tasks of a region's clusters."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, TypeVar

from neuronserve.deploy.aws import Aws

_SERVICES_AT_ONCE: Final = 10  # DescribeServices takes no more
_TASKS_AT_ONCE: Final = 100
_DESIRED: Final[tuple[Literal["RUNNING", "STOPPED"], ...]] = ("RUNNING", "STOPPED")

Item = TypeVar("Item")


def users(aws: Aws, clusters: Iterable[str] = ()) -> dict[str, list[str]]:
    """Task definition ARN -> ``service CLUSTER/NAME`` and ``task CLUSTER/ID`` that use it.

    A service uses that of each of its deployments, and a task its own until it has stopped. All
    ``clusters`` that can be listed when none are given.
    """
    found: dict[str, list[str]] = {}
    for cluster in list(clusters) or _clusters(aws):
        short = cluster.rpartition("/")[2]
        for arn, user in itertools.chain(_services(aws, cluster), _tasks(aws, cluster)):
            line = f"{user[0]} {short}/{user[1]}"
            if line not in found.setdefault(arn, []):
                found[arn].append(line)
    return found


def _clusters(aws: Aws) -> list[str]:
    return [arn for page in aws.ecs.get_paginator("list_clusters").paginate() for arn in page["clusterArns"]]


def _services(aws: Aws, cluster: str) -> Iterator[tuple[str, tuple[str, str]]]:
    pages = aws.ecs.get_paginator("list_services").paginate(cluster=cluster)
    for some in _batches((arn for page in pages for arn in page["serviceArns"]), _SERVICES_AT_ONCE):
        for service in aws.ecs.describe_services(cluster=cluster, services=some)["services"]:
            if service.get("status") == "INACTIVE":
                continue
            parts: list[Any] = [service, *service.get("deployments", []), *service.get("taskSets", [])]
            for arn in {part["taskDefinition"] for part in parts if part.get("taskDefinition")}:
                yield arn, ("service", service["serviceName"])


def _tasks(aws: Aws, cluster: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Also tasks that are to stop and have not yet; ECS lists stopped ones for an hour."""
    for desired in _DESIRED:
        pages = aws.ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=desired)
        for some in _batches((arn for page in pages for arn in page["taskArns"]), _TASKS_AT_ONCE):
            for task in aws.ecs.describe_tasks(cluster=cluster, tasks=some)["tasks"]:
                if task.get("lastStatus") != "STOPPED":
                    yield task["taskDefinitionArn"], ("task", task["taskArn"].rpartition("/")[2])


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
