"""Why the tasks of a deployment stopped, each different way once."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import Aws, code_of
from neuronserve.deploy.ecs.services.rollout import Ours
from neuronserve.deploy.ecs.tasks import endings

_MOST = 100  # tasks in one DescribeTasks; ECS keeps stopped ones for an hour
_BY_THE_ROLLOUT = "Scaling activity initiated"  # a task that made room: no fault


def reasons(aws: Aws, ours: Ours) -> list[str]:
    """A line for each way in which tasks stopped, the most frequent first; or why that cannot be seen."""
    try:
        tasks = _tasks(aws, ours)
    except ClientError as error:
        return [f"its stopped tasks cannot be seen: {error.operation_name}: {code_of(error)}"]
    told = Counter("; ".join(endings.of(task, ()).lines) for task in tasks if _failed(task, ours))
    return [f"{count} task{'s' if count > 1 else ''} {text}" for text, count in told.most_common()]


def _tasks(aws: Aws, ours: Ours) -> list[dict[str, Any]]:
    arns = aws.ecs.list_tasks(
        cluster=ours.cluster, serviceName=ours.service, desiredStatus="STOPPED", maxResults=_MOST
    )["taskArns"]
    if not arns:
        return []
    return cast(
        "list[dict[str, Any]]", aws.ecs.describe_tasks(cluster=ours.cluster, tasks=arns).get("tasks", [])
    )


def _failed(task: dict[str, Any], ours: Ours) -> bool:
    """ECS writes the id of a task's deployment into ``startedBy``."""
    by_rollout = str(task.get("stoppedReason", "")).startswith(_BY_THE_ROLLOUT)
    return task.get("startedBy") == ours.deployment and not by_rollout
