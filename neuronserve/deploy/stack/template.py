"""The whole template of a plan, and the sizes that CloudFormation takes."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.stack import (
    alarms,
    balancer,
    cluster,
    instances,
    network,
    outputs,
    parameters,
    roles,
    scaling,
    services,
    tasks,
)
from neuronserve.deploy.stack.plan import Plan
from neuronserve.errors import InvalidInput

INLINE_LIMIT = 51_200  # bytes of a template in a request
LIMIT = 1 << 20  # bytes of one in S3
_PARTS = (network, cluster, instances, roles, tasks, services, balancer, alarms, scaling)


def template(plan: Plan) -> dict[str, Any]:
    """AWS's own shape. Raises InvalidInput for what ECS, IAM or the instance cannot do."""
    made: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": _description(plan),
        "Metadata": parameters.interface(plan),
        "Parameters": parameters.checked(plan),
    }
    conditions: dict[str, Any] = {}
    for part in (network, cluster, instances, balancer, alarms):
        conditions |= part.conditions(plan)
    if conditions:
        made["Conditions"] = conditions
    made["Resources"] = {}
    for part in _PARTS:
        made["Resources"] |= part.resources(plan)
    made["Outputs"] = outputs.of(plan)
    return made


def fit(size: int) -> list[str]:
    """What there is to say of a template of so many bytes. Raises InvalidInput for one that is too large."""
    if size > LIMIT:
        raise InvalidInput(
            f"the template has {size:,} bytes; CloudFormation takes {LIMIT:,}",
            hint="use fewer slots or variables",
        )
    if size > INLINE_LIMIT:
        told = f"the template has {size:,} bytes; CloudFormation takes {INLINE_LIMIT:,}, and more from S3"
        return [f"{told}: deploy it with `aws cloudformation deploy --s3-bucket BUCKET`"]
    return []


def _description(plan: Plan) -> str:
    how = {
        "whole": "a task for each instance",
        "slots": f"{plan.spec.slots} slots",
        "managed": "Managed Instances",
    }
    return f"neuronserve on ECS: {plan.spec.instance_type.name}, {how[plan.spec.mode]}"
