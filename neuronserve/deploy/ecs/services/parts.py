"""The parts of CreateService and UpdateService requests that both share, from what is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuronserve.deploy.ecs.services.chips import Chips
from neuronserve.deploy.ecs.services.wanted import Wanted
from neuronserve.deploy.ecs.tasks import definition
from neuronserve.errors import InvalidInput

DISTINCT = {"type": "distinctInstance"}
_GRACE = 300  # seconds; for containers without a health check that would tell how long a load may take


def rollout(wanted: Wanted) -> dict[str, Any]:
    """How a deployment goes: with chips the old task stops first, because it holds what the new one needs."""
    found: dict[str, Any] = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    if wanted.chips is not Chips.NONE:
        found |= {"maximumPercent": 100, "minimumHealthyPercent": wanted.minimum_healthy or 0}
    elif wanted.minimum_healthy is not None:
        found["minimumHealthyPercent"] = wanted.minimum_healthy
    if wanted.daemon:
        found["maximumPercent"] = 100  # ECS refuses more
    return found


def constraints(wanted: Wanted, kept: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """``kept``: what the service has already, where none are asked.

    Daemons are one per instance by themselves, and Managed Instances count their chips: neither gets
    ``distinctInstance``.
    """
    asked = [{"type": "memberOf", "expression": expression} for expression in wanted.constraints]
    others = asked or [dict(item) for item in kept if item.get("type") != "distinctInstance"]
    distinct = wanted.chips is Chips.DEVICES and not wanted.daemon
    distinct = distinct or (
        not wanted.daemon and any(item.get("type") == "distinctInstance" for item in kept)
    )
    return [DISTINCT, *others] if distinct else others


def network(wanted: Wanted) -> dict[str, Any]:
    found: dict[str, Any] = {"subnets": list(wanted.subnets)}
    if wanted.security_groups:
        found["securityGroups"] = list(wanted.security_groups)
    return {"awsvpcConfiguration": found}


def load_balancers(wanted: Wanted) -> list[dict[str, Any]]:
    if not wanted.target_groups:
        return []
    name, port = _listener(wanted)
    return [
        {"targetGroupArn": arn, "containerName": name, "containerPort": port} for arn in wanted.target_groups
    ]


def _listener(wanted: Wanted) -> tuple[str, int]:
    """The container and port that a target group gets. Raises InvalidInput where that is not plain."""
    found = [
        (str(container.get("name")), int(mapping["containerPort"]))
        for container in definition.containers(wanted.definition)
        for mapping in definition.objects(container.get("portMappings"))
        if isinstance(mapping.get("containerPort"), int)
    ]
    fitting = [item for item in found if wanted.container_port in (None, item[1])]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(f"{name}:{port}" for name, port in found) or "none"
    what = "no port" if wanted.container_port is None else f"no port {wanted.container_port}"
    raise InvalidInput(
        f"--target-group: {'several ports' if fitting else what} in the task definition ({known})",
        hint="use --container-port",
    )


def grace_seconds(wanted: Wanted) -> int | None:
    """How long the load balancer's checks are ignored: as long as the container's own health check waits."""
    if wanted.grace_seconds is not None or not wanted.target_groups:
        return wanted.grace_seconds
    return (
        max((_patience(container) for container in definition.containers(wanted.definition)), default=0)
        or _GRACE
    )


def _patience(container: dict[str, Any]) -> int:
    check = container.get("healthCheck")
    if not isinstance(check, dict):
        return 0
    try:
        return int(check.get("startPeriod") or 0) + int(check.get("interval") or 30) * int(
            check.get("retries") or 3
        )
    except (TypeError, ValueError):
        return 0


def propagate(wanted: Wanted) -> str:
    return "SERVICE" if wanted.tags else "TASK_DEFINITION"


def tags(wanted: Wanted) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in wanted.tags.items()]
