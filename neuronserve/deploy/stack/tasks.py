"""The task definitions, with references to what the stack makes."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.ecs.forms import cloudformation
from neuronserve.deploy.stack.intrinsic import Resource, Resources, get, ref, sub
from neuronserve.deploy.stack.plan import Plan


def resources(plan: Plan) -> Resources:
    """Raises InvalidInput for what ECS or the instance cannot do."""
    return {
        f"TaskDefinition{name}": _connected(plan, cloudformation.resource(request))
        for name, request in zip(plan.names(), plan.requests(), strict=True)
    }


def _connected(plan: Plan, resource: Resource) -> Resource:
    properties = resource["Properties"]
    if plan.own_execution_role:
        properties["ExecutionRoleArn"] = get("ExecutionRole", "Arn")
    if plan.own_task_role:
        properties["TaskRoleArn"] = get("TaskRole", "Arn")
    for container in properties["ContainerDefinitions"]:
        container["Image"] = ref("Image")
        container["Environment"] = [_variable(plan, one) for one in container["Environment"]]
        if plan.logs:
            container["LogConfiguration"]["Options"]["awslogs-region"] = ref("AWS::Region")
        if plan.own_log_group:
            container["LogConfiguration"]["Options"]["awslogs-group"] = ref("LogGroup")
    return resource


def _variable(plan: Plan, variable: dict[str, Any]) -> dict[str, Any]:
    """What a parameter or the stack's place decides; what the user set stays."""
    name = variable["Name"]
    if name == "MODEL_URI" and plan.model is not None:
        return {"Name": name, "Value": sub("s3://${ModelBucket}/${ModelKey}")}
    if name == "AWS_REGION" and name not in plan.spec.environment:
        return {"Name": name, "Value": ref("AWS::Region")}
    return variable
