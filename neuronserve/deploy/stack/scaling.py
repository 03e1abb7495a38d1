"""Target tracking: more tasks when those that run are busy. The capacity provider adds the instances."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.stack import balancer
from neuronserve.deploy.stack.intrinsic import Resource, Resources, get, ref, sub
from neuronserve.deploy.stack.plan import Plan, Scale

_METRICS = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}
_OUT, _IN = 60, 300  # seconds between two steps: new capacity soon, less only when it stays calm


def resources(plan: Plan) -> Resources:
    made: Resources = {}
    for name in plan.names() if plan.scale else []:
        made[f"Scaling{name}"] = _target(name)
        for scale in plan.scale:
            made[f"ScalingBy{scale.metric.title()}{name}"] = _policy(plan, name, scale)
    return made


def _target(name: str) -> Resource:
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {
            "ServiceNamespace": "ecs",
            "ScalableDimension": "ecs:service:DesiredCount",
            "ResourceId": sub(f"service/${{Cluster}}/${{Service{name}.Name}}"),
            "MinCapacity": ref("Tasks"),
            "MaxCapacity": ref("MaxTasks"),
        },
    }


def _policy(plan: Plan, name: str, scale: Scale) -> Resource:
    metric: dict[str, Any] = {"PredefinedMetricType": _METRICS[scale.metric]}
    if scale.metric == "requests":
        label = [get(balancer.BALANCER, "LoadBalancerFullName"), get(balancer.TARGETS, "TargetGroupFullName")]
        metric["ResourceLabel"] = {"Fn::Join": ["/", label]}
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "Properties": {
            "PolicyName": sub(f"${{AWS::StackName}}-{scale.metric}{name}"),
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": ref(f"Scaling{name}"),
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": metric,
                "TargetValue": scale.target,
                # a new task counts when its model is loaded
                "ScaleOutCooldown": max(_OUT, plan.spec.load_seconds),
                "ScaleInCooldown": _IN,
            },
        },
    }
