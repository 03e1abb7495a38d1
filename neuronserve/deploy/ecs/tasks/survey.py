"""What is in a cluster: read part by part, so that a missing right hides one part only."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from neuronserve.deploy.aws import explained
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import cluster as clusters
from neuronserve.deploy.ecs.cluster import ContainerInstance
from neuronserve.deploy.ecs.tasks import find
from neuronserve.deploy.ecs.tasks.find import Task, Which
from neuronserve.errors import AwsRefused, NoSuchResource

_SERVICES = 10  # DescribeServices takes no more

Seen = TypeVar("Seen")


@dataclasses.dataclass(frozen=True)
class Survey:
    """``definitions``: task definitions' requests by ARN, as far as ECS still has them."""

    cluster: Mapping[str, Any]
    instances: Sequence[ContainerInstance]
    services: Sequence[Mapping[str, Any]]
    tasks: Sequence[Task]
    definitions: Mapping[str, Mapping[str, Any]]


def read(desk: Desk, cluster: str) -> Survey:
    """Parts that may not be seen are said and left empty. Raises NoSuchResource without the cluster."""
    aws = desk.aws
    described: Any = aws.ecs.describe_clusters(clusters=[cluster])["clusters"]
    if not described or described[0].get("status") == "INACTIVE":
        raise NoSuchResource(f"no cluster {cluster} in {aws.region}", hint="see --cluster and --region")
    tasks: list[Task] = _seen(desk, "tasks", lambda: _tasks(desk, cluster), [])
    return Survey(
        cluster=described[0],
        instances=_seen(desk, "container instances", lambda: clusters.read(aws, cluster), ()),
        services=_seen(desk, "services", lambda: _services(desk, cluster), []),
        tasks=tasks,
        definitions=_seen(desk, "chips", lambda: find.definitions(aws, tasks), {}),
    )


def _seen(desk: Desk, what: str, look: Callable[[], Seen], nothing: Seen) -> Seen:
    try:
        return look()
    except Exception as error:
        known = explained(error)
        if not isinstance(known, AwsRefused):
            raise
        desk.say(f"{what} are not shown: {known}")
        return nothing


def _tasks(desk: Desk, cluster: str) -> list[Task]:
    """Those that run, then those that stopped in the last hour."""
    everything = Which(cluster)
    arns = [*find.arns(desk.aws, everything), *find.arns(desk.aws, everything, stopped=True)]
    return find.describe(desk.aws, cluster, list(dict.fromkeys(arns)))[0] if arns else []


def _services(desk: Desk, cluster: str) -> list[dict[str, Any]]:
    pages = desk.aws.ecs.get_paginator("list_services").paginate(cluster=cluster)
    arns = sorted(arn for page in pages for arn in page["serviceArns"])
    found: list[Any] = []
    for start in range(0, len(arns), _SERVICES):
        some = arns[start : start + _SERVICES]
        found += desk.aws.ecs.describe_services(cluster=cluster, services=some)["services"]
    return found
