"""Why the tasks of a deployment stopped, each different way once."""

from __future__ import annotations

from collections import Counter

from neuronserve.deploy.aws import Aws, explained
from neuronserve.deploy.ecs.services.rollout import Ours
from neuronserve.deploy.ecs.tasks import endings, find
from neuronserve.deploy.ecs.tasks.find import Task, Which

_BY_THE_ROLLOUT = "Scaling activity initiated"  # a task that made room: no fault


def reasons(aws: Aws, ours: Ours) -> list[str]:
    """A line for each way in which tasks stopped, the most frequent first; or why that cannot be seen."""
    try:
        arns = find.arns(aws, Which(ours.cluster, service=ours.service), stopped=True)
        tasks, _ = find.describe(aws, ours.cluster, arns)
    except Exception as error:
        known = explained(error)
        if known is None:
            raise
        return [f"its stopped tasks cannot be seen: {known.message}"]
    told = Counter("; ".join(endings.of(task, ()).lines) for task in tasks if _failed(task, ours))
    return [f"{count} task{'s' if count > 1 else ''} {text}" for text, count in told.most_common()]


def _failed(task: Task, ours: Ours) -> bool:
    """ECS writes the id of a task's deployment into ``startedBy``."""
    by_rollout = str(task.get("stoppedReason", "")).startswith(_BY_THE_ROLLOUT)
    return task.get("startedBy") == ours.deployment and not by_rollout
