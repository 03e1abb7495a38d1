"""The alarm that rolls an update back when the endpoint answers with errors of its own."""

from __future__ import annotations

from typing import Any


def prefix(endpoint: str) -> str:
    """Of all alarms that are made for an endpoint; no endpoint's name has a slash."""
    return f"neuronserve/{endpoint}/"


def errors(endpoint: str, variant: str, most: int) -> dict[str, Any]:
    """A PutMetricAlarm request: ``most`` answers with 5xx in a minute, or more."""
    return {
        "AlarmName": f"{prefix(endpoint)}{variant}-5xx",
        "AlarmDescription": f"Rolls updates of the SageMaker endpoint {endpoint} back",
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Dimensions": [
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": variant},
        ],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": float(most),
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
