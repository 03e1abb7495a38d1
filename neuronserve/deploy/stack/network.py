"""Security groups: who may speak to the instances, the tasks and the balancer. The VPC is the user's."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.stack import balancer
from neuronserve.deploy.stack.intrinsic import NOTHING, Resources, get, is_set, ref, when
from neuronserve.deploy.stack.plan import Plan


def conditions(plan: Plan) -> dict[str, Any]:
    return {} if plan.balancer else {"HasClients": is_set("ClientCidr")}


def resources(plan: Plan) -> Resources:
    """The instances' group; tasks have one of their own where each has a network interface."""
    made = {"InstanceSecurityGroup": _group("Neuron instances", [] if plan.awsvpc else [_way_in(plan)])}
    if plan.awsvpc:
        made["TaskSecurityGroup"] = _group("Tasks on Neuron instances", [_way_in(plan)])
    if plan.balancer:
        made["BalancerSecurityGroup"] = _group("Clients of the load balancer", [_clients(plan)])
    return made


def tasks_group(plan: Plan) -> str:
    return "TaskSecurityGroup" if plan.awsvpc else "InstanceSecurityGroup"


def _group(description: str, ingress: list[dict[str, Any]]) -> dict[str, Any]:
    properties: dict[str, Any] = {"GroupDescription": description, "VpcId": ref("VpcId")}
    if ingress:
        properties["SecurityGroupIngress"] = ingress
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}


def _way_in(plan: Plan) -> dict[str, Any]:
    first, last = plan.ports()
    ports = {"IpProtocol": "tcp", "FromPort": first, "ToPort": last}
    if plan.balancer:
        group = get("BalancerSecurityGroup", "GroupId")
        return {**ports, "SourceSecurityGroupId": group, "Description": "The load balancer"}
    return when("HasClients", {**ports, "CidrIp": ref("ClientCidr"), "Description": "Clients"}, NOTHING)


def _clients(plan: Plan) -> dict[str, Any]:
    port = balancer.with_https(plan, 443, 80)
    ports = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    return {**ports, "CidrIp": ref("ClientCidr"), "Description": "Clients"}
