"""Auto scaling by target tracking: planned as data, sent only where it differs from what is there.

Of anything that Application Auto Scaling scales; what is tracked, its callers know (``ecs/scaling.py``,
``sagemaker/scaling``). Source: Application Auto Scaling's API reference.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from neuronserve.deploy import documents, shapes
from neuronserve.deploy.aws import Aws
from neuronserve.errors import InvalidInput

Call = tuple[str, dict[str, Any]]  # an operation of Application Auto Scaling, and its request

CONFIGURATION = "TargetTrackingScalingPolicyConfiguration"


class Resource(NamedTuple):
    """What is scaled, in Application Auto Scaling's words."""

    namespace: str
    id: str
    dimension: str

    def named(self) -> dict[str, Any]:
        return {
            "ServiceNamespace": self.namespace,
            "ResourceId": self.id,
            "ScalableDimension": self.dimension,
        }


@dataclasses.dataclass(frozen=True)
class Tracked:
    """A policy to be: ``metric`` is the word that its name ends with, ``configuration`` AWS's own object."""

    metric: str
    configuration: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Bounds:
    """How many, and how long to wait after a change, in seconds; None: AWS's default, or as it is."""

    least: int
    most: int
    in_cooldown: int | None = None
    out_cooldown: int | None = None


@dataclasses.dataclass(frozen=True)
class State:
    """What Application Auto Scaling has: AWS's ScalableTarget (None: there is none), and its policies."""

    target: Mapping[str, Any] | None
    policies: tuple[Mapping[str, Any], ...] = ()


def bounded(state: State, given: argparse.Namespace) -> Bounds:
    """As --min, --max and the cooldowns say; what is not given stays as it is. Raises InvalidInput."""
    there = state.target or {}
    least = there.get("MinCapacity") if given.min is None else given.min
    most = there.get("MaxCapacity") if given.max is None else given.max
    if least is None or most is None:
        raise InvalidInput("--min and --max are both needed the first time")
    return Bounds(least, most, given.in_cooldown, given.out_cooldown)


def plan(resource: Resource, bounds: Bounds, tracked: Sequence[Tracked], state: State) -> list[Call]:
    """What to send to have it so; nothing when it is. Raises InvalidInput."""
    calls: list[Call] = []
    if bounds.least > bounds.most:
        raise InvalidInput(f"--min {bounds.least} is more than --max {bounds.most}")
    there = state.target or {}
    if (there.get("MinCapacity"), there.get("MaxCapacity")) != (bounds.least, bounds.most):
        calls.append((
            "RegisterScalableTarget",
            {**resource.named(), "MinCapacity": bounds.least, "MaxCapacity": bounds.most},
        ))  # fmt: skip
    for item in tracked:
        name = policy_name(item.metric)
        known = next((one for one in state.policies if one["PolicyName"] == name), {})
        request = _policy(resource, bounds, item, known.get(CONFIGURATION) or {})
        if not _same(request, known):
            _check(request)
            calls.append(("PutScalingPolicy", request))
    return calls


def plan_off(resource: Resource, state: State) -> list[Call]:
    """Deregistering the target takes its policies with it."""
    return [("DeregisterScalableTarget", resource.named())] if state.target is not None else []


def policy_name(metric: str) -> str:
    return f"neuronserve-{metric}"


def custom(name: str, help_at: str) -> Tracked:
    """From a file with a TargetTrackingScalingPolicyConfiguration. Raises InvalidInput."""
    found = documents.read(name)
    if not isinstance(found, dict):
        raise InvalidInput(f"{name}: expected an object: a {CONFIGURATION}")
    if "TargetValue" not in found or "CustomizedMetricSpecification" not in found:
        raise InvalidInput(
            f"{name}: TargetValue and CustomizedMetricSpecification are both needed",
            hint=f"`{help_at} --help` shows such a file",
        )
    return Tracked("metric", found)


def predefined(metric: str, kind: str, value: float, label: str = "") -> Tracked:
    """A metric that AWS knows by the name ``kind``, kept at ``value``."""
    specification = {"PredefinedMetricType": kind}
    if label:
        specification["ResourceLabel"] = label
    return Tracked(metric, {"TargetValue": value, "PredefinedMetricSpecification": specification})


def target(aws: Aws, resource: Resource) -> Mapping[str, Any] | None:
    """AWS's ScalableTarget; None: it does not scale by itself."""
    scaling: Any = aws.scaling
    found = scaling.describe_scalable_targets(
        ServiceNamespace=resource.namespace, ResourceIds=[resource.id], ScalableDimension=resource.dimension
    )["ScalableTargets"]
    return found[0] if found else None


def state(aws: Aws, resource: Resource) -> State:
    found = target(aws, resource)
    if found is None:
        return State(None)
    pages: Any = aws.scaling.get_paginator("describe_scaling_policies")
    return State(
        found,
        tuple(policy for page in pages.paginate(**resource.named()) for policy in page["ScalingPolicies"]),
    )


def send(aws: Aws, calls: Sequence[Call]) -> None:
    methods: dict[str, Any] = {
        "RegisterScalableTarget": aws.scaling.register_scalable_target,
        "PutScalingPolicy": aws.scaling.put_scaling_policy,
        "DeregisterScalableTarget": aws.scaling.deregister_scalable_target,
    }
    for name, request in calls:
        methods[name](**request)


def _policy(resource: Resource, bounds: Bounds, item: Tracked, known: Mapping[str, Any]) -> dict[str, Any]:
    """A cooldown that is not asked stays as it is."""
    configuration = dict(item.configuration)
    for key, asked in (("ScaleInCooldown", bounds.in_cooldown), ("ScaleOutCooldown", bounds.out_cooldown)):
        value = configuration.get(key, known.get(key)) if asked is None else asked
        if value is not None:
            configuration[key] = value
    return {
        "PolicyName": policy_name(item.metric),
        **resource.named(),
        "PolicyType": "TargetTrackingScaling",
        CONFIGURATION: configuration,
    }


def _same(request: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """AWS answers with its defaults filled in: what was not asked is compared with them."""
    there = known.get(CONFIGURATION) or {}
    same = _bare(request[CONFIGURATION]) == _bare(there)
    return same and known.get("PolicyType") == request["PolicyType"]


def _bare(configuration: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in configuration.items() if (key, value) != ("DisableScaleIn", False)}


def _check(request: Mapping[str, Any]) -> None:
    for finding in shapes.findings("application-autoscaling", "PutScalingPolicy", dict(request)):
        raise InvalidInput(f"scaling policy {finding.line(request['PolicyName'])}")
