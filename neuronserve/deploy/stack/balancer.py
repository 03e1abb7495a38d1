"""An Application Load Balancer that asks ``/ping``; slots are targets of one group."""

from __future__ import annotations

import math
from typing import Any

from neuronserve.deploy.stack.intrinsic import NOTHING, Resource, Resources, get, is_set, ref, when
from neuronserve.deploy.stack.plan import Plan

BALANCER, TARGETS, LISTENER = "LoadBalancer", "TargetGroup", "Listener"
_IDLE = 70  # seconds: more than a request may take (60), less than the front keeps a connection (75)
_TLS = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_INTERVAL, _HEALTHY, _UNHEALTHY = 10, 2, 3


def conditions(plan: Plan) -> dict[str, Any]:
    return {"HasCertificate": is_set("CertificateArn")} if plan.balancer else {}


def resources(plan: Plan) -> Resources:
    if not plan.balancer:
        return {}
    return {BALANCER: _balancer(plan), TARGETS: _targets(plan), LISTENER: _listener()}


def attachment(plan: Plan, port: int) -> dict[str, Any]:
    """A service's properties for it; ``port``: the container's, another in each slot on a host's network."""
    return {
        "LoadBalancers": [
            {
                "ContainerName": plan.spec.container,
                "ContainerPort": port,
                "TargetGroupArn": ref(TARGETS),
            }
        ],
        # the load, and what the balancer takes to believe it
        "HealthCheckGracePeriodSeconds": plan.spec.load_seconds + _INTERVAL * (_HEALTHY + 1),
    }


def _balancer(plan: Plan) -> Resource:
    attributes = {
        "idle_timeout.timeout_seconds": str(_IDLE),
        "routing.http.drop_invalid_header_fields.enabled": "true",
    }
    return {
        "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "Properties": {
            "Type": "application",
            "Scheme": "internet-facing" if plan.internet_facing else "internal",
            "Subnets": ref("LoadBalancerSubnetIds"),
            "SecurityGroups": [get("BalancerSecurityGroup", "GroupId")],
            "LoadBalancerAttributes": _attributes(attributes),
        },
    }


def _targets(plan: Plan) -> Resource:
    attributes = {
        # ECS stops a task when this is over: long enough for what is in flight, as the task's own drain
        "deregistration_delay.timeout_seconds": str(math.ceil(plan.spec.drain_seconds)),
        "load_balancing.algorithm.type": "least_outstanding_requests",
    }
    return {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {
            "TargetType": "ip" if plan.awsvpc else "instance",
            "Protocol": "HTTP",
            "Port": plan.spec.port,  # each task's own port takes its place
            "VpcId": ref("VpcId"),
            "HealthCheckPath": "/ping",
            "HealthCheckProtocol": "HTTP",
            "HealthCheckPort": "traffic-port",
            "HealthCheckIntervalSeconds": _INTERVAL,
            "HealthCheckTimeoutSeconds": 5,
            "HealthyThresholdCount": _HEALTHY,
            "UnhealthyThresholdCount": _UNHEALTHY,
            "Matcher": {"HttpCode": "200"},
            "TargetGroupAttributes": _attributes(attributes),
        },
    }


def _listener() -> Resource:
    return {
        "Type": "AWS::ElasticLoadBalancingV2::Listener",
        "Properties": {
            "LoadBalancerArn": ref(BALANCER),
            "Port": when("HasCertificate", 443, 80),
            "Protocol": when("HasCertificate", "HTTPS", "HTTP"),
            "Certificates": when("HasCertificate", [{"CertificateArn": ref("CertificateArn")}], NOTHING),
            "SslPolicy": when("HasCertificate", _TLS, NOTHING),
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": ref(TARGETS)}],
        },
    }


def _attributes(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]
