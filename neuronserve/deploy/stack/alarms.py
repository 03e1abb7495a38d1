"""Alarms on what is certain to be wrong, and the events of deployments that failed.

CloudWatch's alarms go to a topic only where one is given; they are worth looking at without.
"""

from __future__ import annotations

import functools
from typing import Any

from neuronserve.deploy.stack import balancer
from neuronserve.deploy.stack.intrinsic import NOTHING, Resource, Resources, get, is_set, ref, sub, when
from neuronserve.deploy.stack.plan import Plan

_BUSY = 95  # percent of what the tasks have reserved
_FAILURES = [
    "SERVICE_DEPLOYMENT_FAILED",
    "SERVICE_TASK_PLACEMENT_FAILURE",
    "SERVICE_TASK_CONFIGURATION_FAILURE",
]


def conditions(plan: Plan) -> dict[str, Any]:
    return {"HasAlarmTopic": is_set("AlarmTopicArn")} if plan.alarms else {}


def resources(plan: Plan) -> Resources:
    if not plan.alarms:
        return {}
    made: Resources = {}
    for name in plan.names():
        made |= _of_service(plan, name)
    if plan.balancer:
        made |= _of_balancer()
    made["DeploymentFailed"] = _rule()
    return made


def _of_service(plan: Plan, name: str) -> Resources:
    service = f"Service{name}"
    here = [_dimension("ClusterName", ref("Cluster")), _dimension("ServiceName", get(service, "Name"))]
    made = {
        f"{service}MemoryFull": _alarm(
            f"{service}: tasks use {_BUSY} % of their memory; at 100 % the kernel ends them",
            _metric("AWS/ECS", "MemoryUtilization", here, "Maximum"), threshold=_BUSY, minutes=5,
        ),
        f"{service}CpuFull": _alarm(
            f"{service}: tasks use {_BUSY} % of their CPU: requests wait for it",
            _metric("AWS/ECS", "CPUUtilization", here, "Average"), threshold=_BUSY, minutes=15,
        ),
    }  # fmt: skip
    if plan.insights == "disabled":
        return made
    missing = _alarm(
        f"{service}: fewer tasks run than are wanted",
        {"Metrics": [
            _query("missing", expression="wanted - running"),
            _query("wanted", metric=("DesiredTaskCount", here)),
            _query("running", metric=("RunningTaskCount", here)),
        ]},
        threshold=0, minutes=_patience(plan),
    )  # fmt: skip
    return made | {f"{service}TasksMissing": missing}


def _patience(plan: Plan) -> int:
    """Minutes that an instance and its task may take to start."""
    return 5 + -(-plan.spec.load_seconds // 60)


def _of_balancer() -> Resources:
    whole = [_dimension("LoadBalancer", get(balancer.BALANCER, "LoadBalancerFullName"))]
    group = [*whole, _dimension("TargetGroup", get(balancer.TARGETS, "TargetGroupFullName"))]

    of = functools.partial(_metric, "AWS/ApplicationELB")
    return {
        "UnhealthyTargets": _alarm(
            "Tasks fail /ping", of("UnHealthyHostCount", group, "Minimum"), threshold=0, minutes=5
        ),
        "TargetErrors": _alarm(
            "Tasks answer 5xx", of("HTTPCode_Target_5XX_Count", group, "Sum"), threshold=10, minutes=5
        ),
        "BalancerErrors": _alarm(
            "The load balancer answers 5xx itself: no healthy task, or one that hangs up",
            of("HTTPCode_ELB_5XX_Count", whole, "Sum"), threshold=10, minutes=5,
        ),
    }  # fmt: skip


def _metric(namespace: str, name: str, dimensions: list[dict[str, Any]], statistic: str) -> dict[str, Any]:
    return {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions, "Statistic": statistic}


def _alarm(description: str, metric: dict[str, Any], *, threshold: float, minutes: int) -> Resource:
    """Above ``threshold`` in each of so many minutes; a minute without data is none of them."""
    actions = when("HasAlarmTopic", [ref("AlarmTopicArn")], NOTHING)
    timed = metric if "Metrics" in metric else {**metric, "Period": 60}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description,
            **timed,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": threshold,
            "EvaluationPeriods": minutes,
            "TreatMissingData": "notBreaching",
            "AlarmActions": actions,
            "OKActions": actions,
        },
    }


def _query(
    name: str, *, expression: str | None = None, metric: tuple[str, list[dict[str, Any]]] | None = None
) -> dict[str, Any]:
    if metric is None:
        return {"Id": name, "Expression": expression, "Label": name, "ReturnData": True}
    source = {"Namespace": "ECS/ContainerInsights", "MetricName": metric[0], "Dimensions": metric[1]}
    return {
        "Id": name,
        "MetricStat": {"Metric": source, "Period": 60, "Stat": "Average"},
        "ReturnData": False,
    }


def _rule() -> Resource:
    """ECS's events about the cluster's services, to the topic, whose policy has to let EventBridge publish.

    By a prefix: the ARNs of many slots are more than the 2,048 characters that a pattern may have.
    """
    services = sub("arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:service/${Cluster}/")
    return {
        "Type": "AWS::Events::Rule",
        "Condition": "HasAlarmTopic",
        "Properties": {
            "Description": "Deployments that failed, and tasks that found no place",
            "EventPattern": {
                "source": ["aws.ecs"],
                "detail-type": ["ECS Deployment State Change", "ECS Service Action"],
                "resources": [{"prefix": services}],
                "detail": {"eventName": _FAILURES},
            },
            "Targets": [{"Id": "topic", "Arn": ref("AlarmTopicArn")}],
        },
    }


def _dimension(name: str, value: Any) -> dict[str, Any]:
    return {"Name": name, "Value": value}
