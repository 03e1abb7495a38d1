"""The roles, with the policies that ``scripts/policy`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuronserve.deploy.policy import document, execution, instance, model, task, trust
from neuronserve.deploy.policy.document import Statement
from neuronserve.deploy.stack.intrinsic import HERE, Resource, Resources, get, ref, sub, substituted
from neuronserve.deploy.stack.logs import named
from neuronserve.deploy.stack.plan import Plan

_AWS = "arn:${AWS::Partition}:iam::aws:policy/"
_FOR_MANAGED_INSTANCES = _AWS + "AmazonECSInstanceRolePolicyForManagedInstances"
_FOR_INFRASTRUCTURE = _AWS + "AmazonECSInfrastructureRolePolicyForManagedInstances"
_FOR_SESSION_MANAGER = _AWS + "AmazonSSMManagedInstanceCore"


def resources(plan: Plan) -> Resources:
    """Raises InvalidInput for a model, a secret or a file of which no policy can be made."""
    spec = named(plan)
    made: Resources = {"InstanceRole": _instance(plan)}
    if plan.managed:
        made |= _infrastructure()
    if plan.own_execution_role:
        rights = execution.statements(spec, plan.needs, HERE)
        made["ExecutionRole"] = _role(trust.tasks(HERE), "Execution", rights)
    if plan.own_task_role:
        rights = task.statements(spec, plan.needs, HERE, _reading(plan))
        made["TaskRole"] = _role(trust.tasks(HERE), "Task", rights)
    return made


def _reading(plan: Plan) -> list[Statement] | None:
    """The rights on a model whose bucket and key are parameters."""
    if plan.model is None:
        return None
    bucket = "arn:${AWS::Partition}:s3:::${ModelBucket}"
    if plan.model.prefix:
        return model.reading(bucket, bucket + "/${ModelKey}*", "${ModelKey}")
    return model.reading(bucket, bucket + "/${ModelKey}")


def _instance(plan: Plan) -> Resource:
    if plan.managed:
        return _role(trust.instances(HERE), "Instance", [], [_FOR_MANAGED_INSTANCES])
    managed = [_FOR_SESSION_MANAGER] if plan.session_manager else []
    return _role(trust.instances(HERE), "Instance", instance.statements("${Cluster}", HERE), managed)


def _infrastructure() -> Resources:
    """AWS's policy lets ECS pass roles whose name begins with ecsInstanceRole; this one has another."""
    passing = {
        "Version": document.VERSION,
        "Statement": [
            {
                "Sid": "PassTheInstanceRole",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": get("InstanceRole", "Arn"),
                "Condition": {"StringEquals": {"iam:PassedToService": sub("ec2.${AWS::URLSuffix}")}},
            }
        ],
    }
    return {
        "InfrastructureRole": _role(trust.infrastructure(), "Infrastructure", [], [_FOR_INFRASTRUCTURE]),
        "InfrastructurePolicy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "PassTheInstanceRole",
                "PolicyDocument": passing,
                "Roles": [ref("InfrastructureRole")],
            },
        },
    }


def _role(
    trusted: dict[str, Any], name: str, rights: Sequence[Statement], managed: Sequence[str] = ()
) -> Resource:
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": substituted(trusted)}
    if managed:
        properties["ManagedPolicyArns"] = [sub(arn) for arn in managed]
    policy = document.of(rights)
    if policy["Statement"]:
        document.fit(name.lower(), policy)
        properties["Policies"] = [{"PolicyName": name, "PolicyDocument": substituted(policy)}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}
