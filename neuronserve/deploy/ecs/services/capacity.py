"""Whether any container instance can ever take a service's tasks: asked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry.registered import Target
from neuronserve.deploy.ecs.services import parts
from neuronserve.deploy.ecs.services.wanted import Wanted
from neuronserve.deploy.ecs.tasks import preflight
from neuronserve.deploy.ecs.tasks.plan import Run


def refuse_impossible(desk: Desk, wanted: Wanted, before: Mapping[str, Any] | None) -> None:
    """Raises NotPlaced as ``run-task`` does, and NoSuchResource without a cluster. ``before``: the service.

    A service of no tasks asks for nothing, and a daemon runs on the instances that match, if there are any.
    """
    service = before or {}
    count = wanted.count if wanted.count is not None else service.get("desiredCount", 1)
    if wanted.daemon or service.get("schedulingStrategy") == "DAEMON" or not count:
        return
    constraints = parts.constraints(wanted, service.get("placementConstraints") or ())
    named = [provider.name for provider in wanted.providers]
    strategy = named or [item["capacityProvider"] for item in service.get("capacityProviderStrategy") or ()]
    run = Run(
        cluster=wanted.cluster,
        constraints=tuple(item["expression"] for item in constraints if item.get("expression")),
        group=f"service:{wanted.name}",
        capacity_providers=tuple(strategy),
        launch_type=None if strategy else wanted.launch_type or service.get("launchType"),
    )
    preflight.refuse_impossible(desk, run, [Target(wanted.task_definition, dict(wanted.definition))])
