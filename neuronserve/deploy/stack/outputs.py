"""What one wants to know of a stack that stands."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.stack import balancer
from neuronserve.deploy.stack.intrinsic import get, ref, sub
from neuronserve.deploy.stack.plan import Plan

_GROUP = "--auto-scaling-group-name ${Instances}"
# each instance drains first; those protected from scaling in are replaced too
_REFRESH = (
    f"aws autoscaling start-instance-refresh {_GROUP} "
    """--preferences '{"MinHealthyPercentage": 0, "ScaleInProtectedInstances": "Refresh"}'"""
)
_BEFORE_DELETION = (
    f"aws autoscaling describe-auto-scaling-groups {_GROUP.replace('name', 'names')} "
    "--query 'AutoScalingGroups[].Instances[].InstanceId' --output text | xargs -r aws autoscaling "
    f"set-instance-protection {_GROUP} --no-protected-from-scale-in --instance-ids"
)


def of(plan: Plan) -> dict[str, Any]:
    made: dict[str, Any] = {"ClusterName": _output("The cluster", ref("Cluster"))}
    for name in plan.names():
        made[f"Service{name}Name"] = _output("A service", get(f"Service{name}", "Name"))
    if plan.balancer:
        host = "${DomainName}" if plan.domain else f"${{{balancer.BALANCER}.DNSName}}"
        url = balancer.with_https(plan, sub(f"https://{host}"), sub(f"http://{host}"))
        made["Url"] = _output("Where /ping and /invocations are", url)
    if plan.own_log_group:
        made["LogGroupName"] = _output("The log", ref("LogGroup"))
    made |= _roles(plan)
    if not plan.managed:
        made["InstanceRefresh"] = _output("Replaces the instances, for a newer AMI", sub(_REFRESH))
        made["BeforeDeletion"] = _output(
            "Lets instances go that were protected, once TerminationProtection is DISABLED",
            sub(_BEFORE_DELETION),
        )
    return made


def _roles(plan: Plan) -> dict[str, Any]:
    made = {"InstanceRoleArn": _output("The role of the instances", get("InstanceRole", "Arn"))}
    if plan.own_execution_role:
        made["ExecutionRoleArn"] = _output("The role that pulls and logs", get("ExecutionRole", "Arn"))
    if plan.own_task_role:
        made["TaskRoleArn"] = _output("The role of the tasks", get("TaskRole", "Arn"))
    return made


def _output(description: str, value: Any) -> dict[str, Any]:
    return {"Description": description, "Value": value}
