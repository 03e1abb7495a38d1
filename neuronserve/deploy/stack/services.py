"""A service for each task definition."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.stack import balancer, instances, network
from neuronserve.deploy.stack.intrinsic import Resource, Resources, get, ref
from neuronserve.deploy.stack.plan import Plan


def resources(plan: Plan) -> Resources:
    names = plan.names()
    first_half = [f"Service{name}" for name in names[: (len(names) + 1) // 2]]
    ports = [one["containerDefinitions"][0]["portMappings"][0]["containerPort"] for one in plan.requests()]
    return {
        f"Service{name}": _service(plan, name, port, [] if f"Service{name}" in first_half else first_half)
        for name, port in zip(names, ports, strict=True)
    }


def _service(plan: Plan, name: str, port: int, after: list[str]) -> Resource:
    """``after``: one half of the slots is deployed after the other, so that half of them go on serving."""
    properties: dict[str, Any] = {
        "Cluster": ref("Cluster"),
        "TaskDefinition": ref(f"TaskDefinition{name}"),
        "CapacityProviderStrategy": [{"CapacityProvider": ref(instances.PROVIDER), "Weight": 1}],
        # the chips are free for the new task only when the old one is gone
        "DeploymentConfiguration": {
            "MinimumHealthyPercent": ref("MinimumHealthyPercent"),
            "MaximumPercent": 100,
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
        },
        "AvailabilityZoneRebalancing": "DISABLED",  # it needs more than 100 percent
        "EnableECSManagedTags": True,
        "PropagateTags": "TASK_DEFINITION",
    }
    if not plan.scale:  # else a number here would undo the scaling at each update
        properties["DesiredCount"] = ref("Tasks")
    if not plan.managed:
        properties["PlacementConstraints"] = [{"Type": "distinctInstance"}]
    if plan.needs.exec:
        properties["EnableExecuteCommand"] = True
    if plan.awsvpc:
        properties["NetworkConfiguration"] = {
            "AwsvpcConfiguration": {
                "AssignPublicIp": "DISABLED",
                "Subnets": ref("SubnetIds"),
                "SecurityGroups": [get(network.tasks_group(plan), "GroupId")],
            }
        }
    if plan.balancer:
        properties |= balancer.attachment(plan, port)
    listener = [balancer.LISTENER] if plan.balancer else []
    first = [] if plan.managed else [instances.ASSOCIATION]
    made: Resource = {"Type": "AWS::ECS::Service", "Properties": properties}
    if depends := [*first, *listener, *after]:
        made["DependsOn"] = depends
    return made
