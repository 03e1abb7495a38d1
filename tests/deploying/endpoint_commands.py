"""Commands of ``scripts/sagemaker deploy``, one of each kind, and what they make without AWS."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import asked, options
from neuronserve.deploy.sagemaker.following.deployment import Order

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{ECR}/neuronserve:1.0"
ROLE = "arn:aws:iam::123456789012:role/serving"
BASIC = ("digits", "--image", IMAGE, "--role", ROLE)
MODEL = ("--model-data", "s3://models/digits.tar.gz")
INF2 = ("--instance-type", "ml.inf2.xlarge")

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "realtime": (*BASIC, *MODEL, "--instance-type", "ml.inf1.xlarge"),
    "realtime-everything": (
        *BASIC, *MODEL, *INF2, "--instance-count", "4", "--volume-gb", "100", "--download-timeout", "900",
        "--startup-timeout", "1200", "--network-isolation", "--subnet", "subnet-0123456789abcdef0",
        "--security-group", "sg-0123456789abcdef0", "--kms-key", "alias/models", "--env", "MODEL_NAME=digits",
        "--routing", "LEAST_OUTSTANDING_REQUESTS", "--inference-ami", "al2-ami-sagemaker-inference-neuron-2",
        "--managed-scaling", "2:8", "--ssm", "--metrics", "60", "--tag", "team=a", "--capture",
        "s3://captured/digits", "--capture-percent", "10", "--capture-mode", "InputAndOutput",
        "--capture-kms-key", "alias/captured", "--capture-json", "application/json", "--policy", "canary",
        "--step", "25%", "--step-wait", "600", "--terminate-wait", "300", "--update-timeout", "7200",
        "--alarm", "latency", "--errors-alarm", "5",
    ),
    "realtime-uncompressed": (*BASIC, "--model-data", "s3://models/digits/", *INF2),
    "realtime-variants": (
        *BASIC, *INF2, "--variant", "blue=s3://models/blue.tar.gz,weight=9,count=2",
        "--variant", "green=s3://models/green.tar.gz,weight=1,type=ml.trn1.2xlarge",
    ),
    "realtime-linear": (*BASIC, *MODEL, *INF2, "--instance-count", "10", "--policy", "linear", "--step", "2"),
    "realtime-rolling": (
        *BASIC, *MODEL, *INF2, "--instance-count", "4", "--policy", "rolling", "--step", "25%",
        "--rollback-step", "50%", "--step-wait", "120", "--alarm", "latency",
    ),
    "async": (
        *BASIC, *MODEL, *INF2, "--kind", "async", "--async-output", "s3://results/digits/",
        "--async-failure", "s3://results/failed/", "--async-concurrency", "4", "--async-success-topic",
        "arn:aws:sns:us-east-1:123456789012:done", "--async-error-topic",
        "arn:aws:sns:us-east-1:123456789012:failed", "--async-include-response",
    ),
    "multi-model": (
        *BASIC, "--kind", "multi-model", "--model-data", "s3://models/all/", "--instance-type",
        "ml.inf2.8xlarge", "--no-model-cache",
    ),
    "pipeline": (
        *BASIC, "--kind", "pipeline", "--instance-type", "ml.inf1.6xlarge", "--container",
        "prepare", "--container-image", f"prepare={ECR}/prepare:3", "--container",
        "detect=s3://models/detect.tar.gz", "--container", "classify=s3://models/classify.tar.gz",
        "--container-env", "prepare:SIZE=224",
    ),
    "direct": (
        *BASIC, "--kind", "direct", *INF2, "--container", "a=s3://models/a.tar.gz",
        "--container", "b=s3://models/b.tar.gz",
    ),
}  # fmt: skip


def order(words: tuple[str, ...], desk: Desk) -> Order:
    """What the options ask for."""
    parser = argparse.ArgumentParser()
    options.arguments(parser)
    return asked.order(parser.parse_args(words), desk)


def calls(made: Order) -> list[tuple[str, dict[str, Any]]]:
    """As for a new endpoint."""
    return [*(("PutMetricAlarm", alarm) for alarm in made.alarms), *made.made.calls()]
