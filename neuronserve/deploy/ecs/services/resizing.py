"""Another number of tasks for a service, plainly."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry import registered
from neuronserve.deploy.ecs.services import live, watching
from neuronserve.deploy.ecs.services.deployment import Patience, result
from neuronserve.deploy.ecs.services.rollout import Ours
from neuronserve.errors import InvalidInput


def plan(service: dict[str, Any], count: int) -> dict[str, Any] | None:
    """The UpdateService request; None: it has that number. Raises InvalidInput for a daemon service."""
    refuse_daemon(service)
    if service.get("desiredCount") == count:
        return None
    return {"cluster": service["clusterArn"], "service": service["serviceName"], "desiredCount": count}


def refuse_daemon(service: dict[str, Any]) -> None:
    if service.get("schedulingStrategy") == "DAEMON":
        raise InvalidInput(
            f"{service['serviceName']} is a daemon service: it has one task on each matching instance",
            hint="scale the instances: their Auto Scaling group, or the cluster's capacity provider",
        )


def resize(desk: Desk, service: dict[str, Any], count: int, patience: Patience) -> dict[str, Any]:
    """Waits until so many tasks run. Raises DeploymentFailed, TimedOut."""
    request = plan(service, count)
    if request is None:
        desk.say(f"{service['serviceName']}: its desired count is {count} already; nothing is sent")
        now = service
    else:
        now = dict(desk.aws.ecs.update_service(**request)["service"])
    primary = live.primary(now)
    definition = str(primary.get("taskDefinition") or now.get("taskDefinition"))
    before = live.primary(service)
    ours = Ours(
        cluster=service["clusterArn"], service=service["serviceName"], task_definition=definition,
        deployment=str(primary.get("id", "")), before=before.get("id"),
        before_definition=before.get("taskDefinition"),
    )  # fmt: skip
    if patience.wait:
        asked = registered.fetch(desk.aws, definition).request
        now = watching.follow(desk, ours, seen=service, definition=asked, seconds=patience.seconds)
        desk.say(f"{ours.service}: {now.get('runningCount', 0)} of {count} tasks running")
    return result(now, ours)
