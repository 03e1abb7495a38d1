"""The cluster's instances against what a run asks of them: before it is sent, and after ECS refused it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuronserve.deploy.aws import explained
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import placement
from neuronserve.deploy.ecs.cluster import ContainerInstance
from neuronserve.deploy.ecs.placement import Demand
from neuronserve.deploy.ecs.registry.registered import Target
from neuronserve.deploy.ecs.tasks import definition, failures, names, plan
from neuronserve.deploy.ecs.tasks.find import Task
from neuronserve.deploy.ecs.tasks.place import Placed
from neuronserve.deploy.ecs.tasks.plan import Run
from neuronserve.errors import AwsRefused, NoSuchResource, NotPlaced


def refuse_impossible(desk: Desk, what: Run, targets: Sequence[Target]) -> None:
    """Raises NotPlaced when no instance can ever take a target, and NoSuchResource without a cluster.

    It lets pass what cannot be known: instances that a capacity provider may still add, and those that may
    not be looked at.
    """
    if _grows(what, _cluster(desk, what.cluster), targets):
        return
    for target in targets:
        demand = demand_of(what, target)
        instances = look(desk, what.cluster, demand)
        if instances is None:
            desk.say(f"the container instances of {what.cluster} may not be looked at: ECS alone decides")
            return
        if not instances:
            raise NotPlaced(
                f"cluster {what.cluster} has no container instances",
                hint="add an instance of ECS's Neuron AMI (scripts/ecs ami), or a capacity provider",
            )
        if placement.never(demand, instances):
            _refuse(desk, what, target, placement.explain(demand, instances, registered=True))


def explain(desk: Desk, what: Run, target: Target, placed: Placed) -> list[str]:
    """Why ECS placed too few: the reasons are returned, a line for each instance is said."""
    demand = demand_of(what, target)
    instances = look(desk, what.cluster, demand)
    for line in placement.explain(demand, instances)[:-1] if instances else []:
        desk.say(f"{names.short(target.name)}: {line}")
    return failures.explain(placed.failures, demand, instances)


def demand_of(what: Run, target: Target) -> Demand:
    return Demand.of(target.request, plan.constraints(what), group=what.group)


def look(desk: Desk, cluster: str, demand: Demand) -> tuple[ContainerInstance, ...] | None:
    """The instances, as far as the demand needs to know them; None when they may not be seen."""
    try:
        return placement.read(desk.aws, cluster, demand)
    except Exception as error:
        if not isinstance(explained(error), AwsRefused):
            raise
        return None


def warn_astray(desk: Desk, what: Run, targets: Sequence[Target], tasks: Sequence[Task]) -> None:
    """Say which tasks are where they should not be: not all that speaks ECS's protocol obeys constraints."""
    for target in targets:
        demand = demand_of(what, target)
        if not demand.constraints:
            continue
        known = {instance.arn: instance for instance in look(desk, what.cluster, demand) or ()}
        for task in tasks:
            instance = known.get(task.get("containerInstanceArn", ""))
            if instance and task["taskDefinitionArn"] == target.name:
                for why in placement.reasons(demand, instance, registered=True):
                    where = placement.spoken(instance)
                    desk.say(f"warning: {names.short(task['taskArn'])} is on {where}: {why}")


def _cluster(desk: Desk, cluster: str) -> dict[str, Any]:
    """As DescribeClusters has it; empty when it may not be asked."""
    try:
        answer: Any = desk.aws.ecs.describe_clusters(clusters=[cluster])
    except Exception as error:
        if not isinstance(explained(error), AwsRefused):
            raise
        return {}
    for found in answer["clusters"]:
        if found.get("status", "ACTIVE") != "INACTIVE":
            return dict(found)
    raise NoSuchResource(f"no cluster {cluster} in {desk.aws.region}", hint="see --cluster and --region")


def _grows(what: Run, cluster: dict[str, Any], targets: Sequence[Target]) -> bool:
    """Whether instances may come for it: a launch type rules out the cluster's own capacity providers."""
    if what.launch_type:
        return what.launch_type == "FARGATE"
    if what.capacity_providers or cluster.get("defaultCapacityProviderStrategy"):
        return True
    return any(definition.managed(target.request) for target in targets)


def _refuse(desk: Desk, what: Run, target: Target, lines: Sequence[str]) -> None:
    for line in lines[:-1]:
        desk.say(line)
    raise NotPlaced(
        f"no instance of cluster {what.cluster} can ever take {names.short(target.name)}: {lines[-1]}",
        hint="nothing was sent; --no-preflight asks ECS all the same",
    )
