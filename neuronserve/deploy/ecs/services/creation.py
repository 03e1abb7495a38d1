"""The CreateService request for a wanted service."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.ecs.services import parts, rules
from neuronserve.deploy.ecs.services.chips import Chips
from neuronserve.deploy.ecs.services.wanted import Wanted


def request(wanted: Wanted) -> dict[str, Any]:
    """Raises InvalidInput where something is missing that only a new service needs."""
    rules.check_new(wanted)
    made: dict[str, Any] = {
        "cluster": wanted.cluster,
        "serviceName": wanted.name,
        "taskDefinition": wanted.task_definition,
        "schedulingStrategy": "DAEMON" if wanted.daemon else "REPLICA",
        **_capacity(wanted),
        "deploymentConfiguration": parts.rollout(wanted),
        "enableECSManagedTags": True,
        "propagateTags": parts.propagate(wanted),
    }
    if not wanted.daemon:
        made["desiredCount"] = 1 if wanted.count is None else wanted.count
    if wanted.daemon or wanted.chips is not Chips.NONE:
        # CreateService's own default is ENABLED, which neither daemons nor a maximum of 100 percent can have.
        made["availabilityZoneRebalancing"] = "DISABLED"
    optional: dict[str, Any] = {
        "placementConstraints": parts.constraints(wanted),
        "networkConfiguration": parts.network(wanted) if wanted.subnets else None,
        "loadBalancers": parts.load_balancers(wanted),
        "tags": parts.tags(wanted),
    }
    made |= {key: value for key, value in optional.items() if value}
    if (grace := parts.grace_seconds(wanted)) is not None:
        made["healthCheckGracePeriodSeconds"] = grace
    if wanted.execute_command is not None:
        made["enableExecuteCommand"] = wanted.execute_command
    return made


def _capacity(wanted: Wanted) -> dict[str, Any]:
    if wanted.providers:
        return {"capacityProviderStrategy": [provider.item() for provider in wanted.providers]}
    if wanted.launch_type or wanted.daemon:
        # Without a launch type the cluster's default strategy applies, and ECS refuses that for daemons.
        return {"launchType": wanted.launch_type or "EC2"}
    return {}
