"""Auto scaling of a service: target tracking, planned as data, sent only where it differs.

ECS's own metrics know the CPU and the memory of the instance, not NeuronCores: a busy chip leaves them low.
How busy cores are is in neuronserve's ``/metrics`` (``neuronserve_neuroncore_utilization``); once the
CloudWatch agent has scraped it, ``metric`` tracks it. Source: Application Auto Scaling's API reference.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy import documents, shapes
from neuronserve.deploy.aws import Aws
from neuronserve.errors import InvalidInput

Call = tuple[str, dict[str, Any]]  # an operation of Application Auto Scaling, and its request

_CONFIGURATION = "TargetTrackingScalingPolicyConfiguration"
_DIMENSION = "ecs:service:DesiredCount"
_PREDEFINED = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}
_LOAD_BALANCER = re.compile(r"arn:[^:]+:elasticloadbalancing:[^:]+:\d{12}:loadbalancer/(app/[^/]+/[0-9a-f]+)")


@dataclasses.dataclass(frozen=True)
class Tracking:
    """Keep a metric at a value.

    ``metric``: ``cpu``, ``memory`` (percent), ``requests`` (per task and minute), or ``metric`` with a
    ``custom`` TargetTrackingScalingPolicyConfiguration. ``label``: of the load balancer and target group, for
    ``requests``.
    """

    metric: str
    target: float = 0
    custom: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    label: str = ""


@dataclasses.dataclass(frozen=True)
class Bounds:
    """How many tasks, and how long to wait after a change, in seconds; None: AWS's default, or as it is."""

    least: int
    most: int
    in_cooldown: int | None = None
    out_cooldown: int | None = None


@dataclasses.dataclass(frozen=True)
class State:
    """What Application Auto Scaling has: AWS's ScalableTarget (None: there is none), and its policies."""

    target: Mapping[str, Any] | None
    policies: tuple[Mapping[str, Any], ...] = ()


def plan(resource: str, bounds: Bounds, tracked: Sequence[Tracking], state: State) -> list[Call]:
    """What to send to have it so; nothing when it is. Raises InvalidInput."""
    calls: list[Call] = []
    if bounds.least > bounds.most:
        raise InvalidInput(f"--min {bounds.least} is more than --max {bounds.most}")
    there = state.target or {}
    if (there.get("MinCapacity"), there.get("MaxCapacity")) != (bounds.least, bounds.most):
        calls.append((
            "RegisterScalableTarget",
            {**_named(resource), "MinCapacity": bounds.least, "MaxCapacity": bounds.most},
        ))  # fmt: skip
    for item in tracked:
        name = policy_name(item.metric)
        known = next((one for one in state.policies if one["PolicyName"] == name), {})
        request = _policy(resource, bounds, item, known.get(_CONFIGURATION) or {})
        if not _same(request, known):
            _check(request)
            calls.append(("PutScalingPolicy", request))
    return calls


def notes(
    service: Mapping[str, Any], bounds: Bounds, tracked: Sequence[Tracking], state: State
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


def plan_off(resource: str, state: State) -> list[Call]:
    """Deregistering the target takes its policies with it."""
    return [("DeregisterScalableTarget", _named(resource))] if state.target is not None else []


def policy_name(metric: str) -> str:
    return f"neuronserve-{metric}"


def _policy(resource: str, bounds: Bounds, item: Tracking, known: Mapping[str, Any]) -> dict[str, Any]:
    """A cooldown that is not asked stays as it is."""
    configuration = dict(item.custom) if item.metric == "metric" else _predefined(item)
    for key, asked in (("ScaleInCooldown", bounds.in_cooldown), ("ScaleOutCooldown", bounds.out_cooldown)):
        value = configuration.get(key, known.get(key)) if asked is None else asked
        if value is not None:
            configuration[key] = value
    return {
        "PolicyName": policy_name(item.metric),
        **_named(resource),
        "PolicyType": "TargetTrackingScaling",
        _CONFIGURATION: configuration,
    }


def _predefined(item: Tracking) -> dict[str, Any]:
    specification = {"PredefinedMetricType": _PREDEFINED[item.metric]}
    if item.label:
        specification["ResourceLabel"] = item.label
    return {"TargetValue": item.target, "PredefinedMetricSpecification": specification}


def _named(resource: str) -> dict[str, Any]:
    return {"ServiceNamespace": "ecs", "ResourceId": resource, "ScalableDimension": _DIMENSION}


def _same(request: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """AWS answers with its defaults filled in: what was not asked is compared with them."""
    there = known.get(_CONFIGURATION) or {}
    same = _bare(request[_CONFIGURATION]) == _bare(there)
    return same and known.get("PolicyType") == request["PolicyType"]


def _bare(configuration: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in configuration.items() if (key, value) != ("DisableScaleIn", False)}


def _check(request: Mapping[str, Any]) -> None:
    for finding in shapes.findings("application-autoscaling", "PutScalingPolicy", dict(request)):
        raise InvalidInput(f"scaling policy {finding.line(request['PolicyName'])}")


def custom(name: str) -> Tracking:
    """From a file with a TargetTrackingScalingPolicyConfiguration. Raises InvalidInput."""
    found = documents.read(name)
    if not isinstance(found, dict):
        raise InvalidInput(f"{name}: expected an object: a TargetTrackingScalingPolicyConfiguration")
    if "TargetValue" not in found or "CustomizedMetricSpecification" not in found:
        raise InvalidInput(
            f"{name}: TargetValue and CustomizedMetricSpecification are both needed",
            hint="`scripts/ecs scale --help` shows such a file",
        )
    return Tracking("metric", custom=found)


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


def resource(service: Mapping[str, Any]) -> str:
    """``service/CLUSTER/NAME``, as Application Auto Scaling calls it."""
    return f"service/{str(service['clusterArn']).rpartition('/')[2]}/{service['serviceName']}"


def target(aws: Aws, resource: str) -> Mapping[str, Any] | None:
    """AWS's ScalableTarget of a service; None: it does not scale by itself."""
    found = aws.scaling.describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[resource], ScalableDimension="ecs:service:DesiredCount"
    )["ScalableTargets"]
    return found[0] if found else None


def state(aws: Aws, resource: str) -> State:
    found = target(aws, resource)
    if found is None:
        return State(None)
    pages = aws.scaling.get_paginator("describe_scaling_policies").paginate(
        ServiceNamespace="ecs", ResourceId=resource, ScalableDimension="ecs:service:DesiredCount"
    )
    return State(found, tuple(policy for page in pages for policy in page["ScalingPolicies"]))


def send(aws: Aws, calls: Sequence[Call]) -> None:
    methods: dict[str, Any] = {
        "RegisterScalableTarget": aws.scaling.register_scalable_target,
        "PutScalingPolicy": aws.scaling.put_scaling_policy,
        "DeregisterScalableTarget": aws.scaling.deregister_scalable_target,
    }
    for name, request in calls:
        methods[name](**request)
