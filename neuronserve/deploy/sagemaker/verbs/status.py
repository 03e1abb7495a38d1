"""How an endpoint is: state, variants, what changes, events, and the end of its containers' log.

    status ENDPOINT [--lines 20] [--events 10]

Events are what SageMaker dates: creation, changes, and what auto scaling did, newest first. The exit code is
0 for InService, else 1.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from neuronserve.deploy import exits
from neuronserve.deploy.aws import Aws, explained
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import live, logtail
from neuronserve.deploy.sagemaker.following.options import whole


class Event(NamedTuple):
    at: dt.datetime
    text: str


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("endpoint", metavar="ENDPOINT", help="its name")
    parser.add_argument(
        "--lines", type=whole, default=20, metavar="N", help="of the log; 0: none (default: 20)"
    )
    parser.add_argument("--events", type=whole, default=10, metavar="N", help="at most so many (default: 10)")
    parser.add_argument(
        "--output", choices=("text", "json", "yaml"), default="text", help="lines, or a document"
    )


def run(given: argparse.Namespace, desk: Desk) -> int:
    found = live.needed(desk.aws, given.endpoint)
    config = live.config(desk.aws, found["EndpointConfigName"]) or {}
    events = sorted(_events(desk.aws, found, config), reverse=True)[: given.events]
    log = logtail.tail(desk.aws, given.endpoint, given.lines) if given.lines else []
    if given.output == "text":
        for line in [
            *_described(found, config),
            *(f"{e.at:%Y-%m-%d %H:%M:%S} {e.text}" for e in events),
            *log,
        ]:
            desk.line(line)
    else:
        told = {key: value for key, value in found.items() if key != "ResponseMetadata"}
        told["Events"] = [{"At": event.at, "Text": event.text} for event in events]
        desk.show({**told, "Log": log})
    return exits.YES if found["EndpointStatus"] == live.IN_SERVICE else exits.NO


def _described(found: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    yield f"{found['EndpointName']}: {found['EndpointStatus']}, configuration {found['EndpointConfigName']}"
    if found.get("FailureReason"):
        yield f"  failed: {' '.join(str(found['FailureReason']).split())}"
    types = {one["VariantName"]: one for one in config.get("ProductionVariants") or ()}
    for variant in found.get("ProductionVariants") or ():
        yield _variant(variant, types.get(variant["VariantName"], {}))
    pending = found.get("PendingDeploymentSummary")
    if pending:
        yield f"  on its way: configuration {pending['EndpointConfigName']}"
        for variant in pending.get("ProductionVariants") or ():
            yield "  " + _variant(variant, {})
    if "AsyncInferenceConfig" in found:
        results = found["AsyncInferenceConfig"]["OutputConfig"].get("S3OutputPath")
        yield f"  asynchronous: results go to {results}"
    capture = found.get("DataCaptureConfig")
    if capture:
        yield f"  data capture: {capture['CaptureStatus']}, {capture['CurrentSamplingPercentage']} %"


def _variant(variant: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    now, wanted = variant.get("CurrentInstanceCount", 0), variant.get("DesiredInstanceCount", 0)
    parts = [f"  variant {variant['VariantName']}: {now} of {wanted} instances"]
    parts += [f"{asked['InstanceType']}"] if asked.get("InstanceType") else []
    parts += [f"model {asked['ModelName']}"] if asked.get("ModelName") else []
    parts += [f"{one['Status']}{_why(one)}" for one in variant.get("VariantStatus") or ()]
    return ", ".join(parts)


def _why(status: Mapping[str, Any]) -> str:
    return f" ({status['StatusMessage']})" if status.get("StatusMessage") else ""


def _events(aws: Aws, found: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Event]:
    yield Event(found["CreationTime"], "the endpoint was created")
    yield Event(found["LastModifiedTime"], f"it became {found['EndpointStatus']}")
    if "CreationTime" in config:
        yield Event(config["CreationTime"], f"configuration {config['EndpointConfigName']} was created")
    for variant in found.get("ProductionVariants") or ():
        for status in variant.get("VariantStatus") or ():
            if "StartTime" in status:
                yield Event(
                    status["StartTime"], f"variant {variant['VariantName']}: {status['Status']}{_why(status)}"
                )
    yield from _scaling(aws, found["EndpointName"])


def _scaling(aws: Aws, endpoint: str) -> Iterator[Event]:
    """What auto scaling did; nothing where that cannot be seen: it is no more than an addition."""
    scaling: Any = aws.scaling
    try:
        pages = scaling.get_paginator("describe_scaling_activities").paginate(
            ServiceNamespace="sagemaker", PaginationConfig={"MaxItems": 200}
        )
        activities = [one for page in pages for one in page["ScalingActivities"]]
    except ClientError as error:
        if explained(error) is None:
            raise
        return
    for one in activities:
        if str(one["ResourceId"]).startswith(f"endpoint/{endpoint}/"):
            yield Event(one["StartTime"], f"auto scaling: {one['Description']} {one['StatusCode']}")
