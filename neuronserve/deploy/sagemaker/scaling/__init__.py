"""Application Auto Scaling of an endpoint's variants: which metrics, and what a person should know of them.

Sources: SageMaker's developer guide, "Automatically scale Amazon SageMaker AI models" and "Autoscale an
asynchronous endpoint"; Application Auto Scaling's API reference. ``deploy/scaling.py`` plans and sends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy.sagemaker.following import alarms
from neuronserve.deploy.scaling import Bounds, Call, Resource, State, Tracked, policy_name, predefined
from neuronserve.errors import InvalidInput

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_INVOCATIONS = "SageMakerVariantInvocationsPerInstance"
_CONCURRENCY = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
WAKE = "neuronserve-wake"


def resource(endpoint: str, variant: str) -> Resource:
    return Resource("sagemaker", f"endpoint/{endpoint}/variant/{variant}", _DIMENSION)


def invocations(each_minute: float) -> Tracked:
    """Requests to each instance in a minute."""
    return predefined("invocations", _INVOCATIONS, each_minute)


def concurrency(each: float) -> Tracked:
    """Requests at once to each model's instance, seen every 10 seconds."""
    return predefined("concurrency", _CONCURRENCY, each)


def backlog(endpoint: str, each: float) -> Tracked:
    """Requests that wait for each instance of an asynchronous endpoint."""
    return _tracked("backlog", "AWS/SageMaker", "ApproximateBacklogSizePerInstance", endpoint, "", each)


def cpu(endpoint: str, variant: str, percent: float) -> Tracked:
    """Average CPU of the instances; 100 % is one CPU, so an instance with four has up to 400 %."""
    return _tracked("cpu", "/aws/sagemaker/Endpoints", "CPUUtilization", endpoint, variant, percent)


def _tracked(word: str, namespace: str, metric: str, endpoint: str, variant: str, value: float) -> Tracked:
    dimensions = [{"Name": "EndpointName", "Value": endpoint}]
    if variant:
        dimensions.append({"Name": "VariantName", "Value": variant})
    return Tracked(
        word,
        {
            "TargetValue": value,
            "CustomizedMetricSpecification": {
                "MetricName": metric,
                "Namespace": namespace,
                "Dimensions": dimensions,
                "Statistic": "Average",
            },
        },
    )


def check(
    config: Mapping[str, Any], variant: Mapping[str, Any], bounds: Bounds, tracked: Sequence[Tracked]
) -> None:
    """Raises InvalidInput for what SageMaker does not do for this endpoint."""
    asynchronous = "AsyncInferenceConfig" in config
    name = variant["VariantName"]
    words = {one.metric for one in tracked}
    if variant.get("ManagedInstanceScaling", {}).get("Status") == "ENABLED":
        raise InvalidInput(
            f"variant {name} has managed instance scaling, which sees to its instances",
            hint="deploy it without --managed-scaling, or change its bounds there",
        )
    if not asynchronous and bounds.least < 1:
        raise InvalidInput(
            f"--min {bounds.least}: only asynchronous endpoints can be without an instance", hint="--min 1"
        )
    if "backlog" in words and not asynchronous:
        raise InvalidInput(
            "--target-backlog: only asynchronous endpoints have a backlog", hint="--target-invocations"
        )
    if asynchronous and words & {"invocations", "concurrency"}:
        raise InvalidInput(
            "an asynchronous endpoint keeps its requests in a queue: invocations say nothing of it",
            hint="--target-backlog",
        )


def wake(endpoint: str, on: Resource) -> tuple[Call, Call]:
    """From no instance to one: a step policy, and the alarm that starts it, whose action is the policy's ARN.

    A backlog per instance is not known without an instance, so target tracking alone never begins.
    """
    policy = {
        "PolicyName": WAKE,
        **on.named(),
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ChangeInCapacity",
            "MetricAggregationType": "Average",
            "Cooldown": 300,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    }
    alarm = {
        "AlarmName": wake_alarm(endpoint),
        "AlarmDescription": "Requests wait, and the endpoint has no instance",
        "MetricName": "HasBacklogWithoutCapacity",
        "Namespace": "AWS/SageMaker",
        "Statistic": "Average",
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 2,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "missing",
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
        "Period": 60,
    }
    return ("PutScalingPolicy", policy), ("PutMetricAlarm", alarm)


def wake_alarm(endpoint: str) -> str:
    """One of the alarms that go with the endpoint."""
    return f"{alarms.prefix(endpoint)}wake"


def wakes(state: State) -> bool:
    """Whether the step policy is there."""
    return any(policy["PolicyName"] == WAKE for policy in state.policies)


def notes(name: str, tracked: Sequence[Tracked], state: State) -> Iterator[str]:
    mine = {policy_name(item.metric) for item in tracked} | {WAKE}
    for policy in state.policies:
        if policy["PolicyName"] not in mine:
            yield f"{name}: policy {policy['PolicyName']} stays; the one that asks for most instances wins"
    if any(item.metric == "cpu" for item in tracked):
        yield f"{name}: CPU says little of NeuronCores: a busy chip leaves it idle"
