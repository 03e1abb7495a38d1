"""Auto scaling of a service: which metrics, and what a person should know of it.

ECS's own metrics know the CPU and the memory of the instance, not NeuronCores: a busy chip leaves them low.
How busy cores are is in neuronserve's ``/metrics`` (``neuronserve_neuroncore_utilization``); once the
CloudWatch agent has scraped it, ``custom`` tracks it. ``deploy/scaling.py`` plans and sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy.scaling import Bounds, Resource, State, Tracked, policy_name, predefined
from neuronserve.errors import InvalidInput

_DIMENSION = "ecs:service:DesiredCount"
_PREDEFINED = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}
_LOAD_BALANCER = re.compile(r"arn:[^:]+:elasticloadbalancing:[^:]+:\d{12}:loadbalancer/(app/[^/]+/[0-9a-f]+)")


def tracked(metric: str, value: float, label: str = "") -> Tracked:
    """Keep a metric at a value: ``cpu``, ``memory`` (percent), or ``requests`` (per task and minute).

    ``label``: of the load balancer and target group, for ``requests``.
    """
    return predefined(metric, _PREDEFINED[metric], value, label)


def notes(
    service: Mapping[str, Any], bounds: Bounds, tracked: Sequence[Tracked], state: State
) -> Iterator[str]:
    """What a person should know of it: policies that stay, and that instances bound the tasks."""
    name, mine = service["serviceName"], {policy_name(item.metric) for item in tracked}
    for policy in state.policies:
        if policy["PolicyName"] not in mine:
            yield f"{name}: policy {policy['PolicyName']} stays; the one that asks for most tasks wins"
    if any(item.get("type") == "distinctInstance" for item in service.get("placementConstraints") or ()):
        yield f"{name}: one task to an instance: {bounds.most} tasks need {bounds.most} instances that match"


def by_hand(service: Mapping[str, Any], count: int, target: Mapping[str, Any] | None) -> str:
    """What auto scaling does to a number of tasks that is set by hand; empty when there is none.

    Source: the ECS developer guide, "Automatically scale your Amazon ECS service": a number outside of the
    bounds stays until an alarm wants to go towards them.
    """
    if target is None:
        return ""
    name, least, most = service["serviceName"], target["MinCapacity"], target["MaxCapacity"]
    if least <= count <= most:
        return f"{name}: auto scaling between {least} and {most} may change it again; --off ends that"
    end, step, bound = ("below", "out", least) if count < least else ("above", "in", most)
    return (
        f"{name}: {count} is {end} auto scaling's bounds, {least} to {most}: its next step {step} goes to "
        f"{bound}; other bounds (--min, --max) or --off keep it"
    )


def label(load_balancer: str, service: Mapping[str, Any]) -> str:
    """The resource label of a service behind an Application Load Balancer. Raises InvalidInput."""
    found = _LOAD_BALANCER.fullmatch(load_balancer)
    if not found:
        raise InvalidInput(
            f"--load-balancer {load_balancer}: not the ARN of an Application Load Balancer",
            hint="`aws elbv2 describe-load-balancers` shows it: arn:...:loadbalancer/app/NAME/ID",
        )
    balanced = service.get("loadBalancers") or ()
    groups = [item["targetGroupArn"] for item in balanced if item.get("targetGroupArn")]
    if len(groups) != 1:
        raise InvalidInput(
            f"{service.get('serviceName')} has {len(groups)} target groups: requests are tracked with one",
            hint="`scripts/ecs deploy-service --target-group ARN` gives it one",
        )
    return f"{found[1]}/{groups[0].rpartition(':')[2]}"


def resource(service: Mapping[str, Any]) -> Resource:
    """``service/CLUSTER/NAME``, as Application Auto Scaling calls it."""
    cluster = str(service["clusterArn"]).rpartition("/")[2]
    return Resource("ecs", f"service/{cluster}/{service['serviceName']}", _DIMENSION)
