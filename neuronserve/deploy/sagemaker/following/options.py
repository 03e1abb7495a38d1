"""The options of ``deploy``."""

from __future__ import annotations

import argparse
import re

from neuronserve.deploy import verdict
from neuronserve.deploy.sagemaker.plan.rollout import Policy
from neuronserve.deploy.sagemaker.plan.spec import Kind

REFUSED_KINDS = ("serverless", "elastic-inference")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("endpoint", metavar="ENDPOINT", help="its name; made when there is none")
    _what(parser.add_argument_group("what"))
    _several(parser.add_argument_group("several models or containers"))
    _where(parser.add_argument_group("where"))
    _asynchronous(parser.add_argument_group("asynchronous inference"))
    _data(parser.add_argument_group("data capture and metrics"))
    _rollout(parser.add_argument_group("updates"))
    _end(parser.add_argument_group("the end"))


def _what(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--kind", metavar="KIND", default=str(Kind.REALTIME), help=f"{', '.join(Kind)} (realtime)"
    )
    group.add_argument("--image", metavar="IMAGE", help="in ECR, in the endpoint's region")
    group.add_argument(
        "--model-data", metavar="S3_URI",
        help="an archive (.tar.gz), or a prefix that ends in / (multi-model: that of the archives)",
    )  # fmt: skip
    group.add_argument("--compilation-job", metavar="NAME", help="take the artefact of this Neo job")
    group.add_argument(
        "--model", metavar="PATH", help="look into this copy of the model: does it fit the instance?"
    )
    group.add_argument("--role", metavar="ROLE", help="the execution role: name or ARN")
    group.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", help="of all containers (repeat)"
    )
    group.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE", help="(repeat)")


def _several(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--container", action="append", default=[], metavar="HOSTNAME[=S3_URI]",
        help="of a pipeline, in order, or of direct invocation (repeat)",
    )  # fmt: skip
    group.add_argument(
        "--container-image", action="append", default=[], metavar="HOSTNAME=IMAGE", help="(default: --image)"
    )
    group.add_argument(
        "--container-env", action="append", default=[], metavar="HOSTNAME:NAME=VALUE", help="(repeat)"
    )
    group.add_argument(
        "--container-cores", action="append", default=[], metavar="HOSTNAME=A-B",
        help="NeuronCores (default: equal shares)",
    )  # fmt: skip
    group.add_argument(
        "--variant", action="append", default=[], metavar="NAME=S3_URI[,weight=W][,count=N][,type=T]",
        help="several models behind one endpoint, by weight (repeat)",
    )  # fmt: skip
    group.add_argument(
        "--model-cache", action=argparse.BooleanOptionalAction, default=None,
        help="multi-model: keep models loaded between requests (SageMaker's default)",
    )  # fmt: skip


def _where(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--instance-type", metavar="TYPE", help="ml.inf1.xlarge, ... (scripts/instances)")
    group.add_argument(
        "--instance-count", type=positive, metavar="N", help="to begin with (1); of an update: set it anew"
    )
    group.add_argument("--volume-gb", type=positive, metavar="GB", help="the disk for models")
    group.add_argument("--download-timeout", type=positive, metavar="S", help="to get and unpack the model")
    group.add_argument("--startup-timeout", type=positive, metavar="S", help="until /ping answers 200")
    group.add_argument(
        "--network-isolation", action="store_true", help="containers have no network and no credentials"
    )
    group.add_argument("--subnet", action="append", default=[], metavar="ID", help="(repeat)")
    group.add_argument("--security-group", action="append", default=[], metavar="ID", help="(repeat)")
    group.add_argument("--kms-key", metavar="KEY", help="encrypts the instances' volumes")
    group.add_argument("--routing", metavar="STRATEGY", help="LEAST_OUTSTANDING_REQUESTS or RANDOM")
    group.add_argument("--inference-ami", metavar="VERSION", help="al2-ami-sagemaker-inference-neuron-2")
    group.add_argument(
        "--managed-scaling", metavar="MIN:MAX", help="let SageMaker itself choose the number of instances"
    )
    group.add_argument("--ssm", action="store_true", help="allow a shell on the instances (SSM)")
    group.add_argument("--accelerator-type", metavar="TYPE", help=argparse.SUPPRESS)


def _asynchronous(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--async-output", metavar="S3_URI", help="where results go")
    group.add_argument("--async-failure", metavar="S3_URI", help="where failures go")
    group.add_argument(
        "--async-concurrency", type=positive, metavar="N", help="requests at once to an instance"
    )
    group.add_argument("--async-success-topic", metavar="ARN", help="of SNS")
    group.add_argument("--async-error-topic", metavar="ARN", help="of SNS")
    group.add_argument("--async-include-response", action="store_true", help="in notifications, up to 128 KB")
    group.add_argument("--async-kms-key", metavar="KEY", help="encrypts results")


def _data(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--capture", metavar="S3_URI", help="keep requests and answers there")
    group.add_argument(
        "--capture-percent", type=whole, default=100, metavar="N", help="of the requests (100)"
    )
    group.add_argument(
        "--capture-mode", action="append", default=[], metavar="MODE",
        help="Input, Output or InputAndOutput (repeat; Input and Output)",
    )  # fmt: skip
    group.add_argument("--capture-kms-key", metavar="KEY")
    group.add_argument("--capture-csv", action="append", default=[], metavar="TYPE", help="kept as text")
    group.add_argument("--capture-json", action="append", default=[], metavar="TYPE", help="kept as text")
    group.add_argument(
        "--metrics", type=positive, metavar="S", help="publish the container's /metrics each 10 to 300 s"
    )


def _rollout(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--policy", choices=[*Policy], help="how an update goes (all-at-once)")
    group.add_argument("--step", metavar="SIZE", help="of canary, linear or rolling: 10%% or 2 instances")
    group.add_argument("--step-wait", type=whole, metavar="S", help="after each step (0; with alarms 300)")
    group.add_argument("--terminate-wait", type=whole, metavar="S", help="keep the old instances so long")
    group.add_argument(
        "--update-timeout", type=positive, metavar="S", help="of the whole update, 600 to 28800"
    )
    group.add_argument("--rollback-step", metavar="SIZE", help="of rolling: on the way back")
    group.add_argument(
        "--alarm", action="append", default=[], metavar="NAME", help="a CloudWatch alarm that rolls back"
    )
    group.add_argument(
        "--errors-alarm", type=positive, metavar="N",
        help="make an alarm for N answers with 5xx in a minute, which rolls back",
    )  # fmt: skip
    group.add_argument("--rollback", action="store_true", help="go back to what served before this one")
    group.add_argument("--recreate", action="store_true", help="an endpoint that Failed is deleted first")


def _end(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="until it ended (default)"
    )
    group.add_argument("--timeout", type=whole, default=3600, metavar="S", help="wait at most so long (3600)")
    group.add_argument(
        "--prune", action="store_true",
        help="then delete older models and configurations of it; what served before this one stays",
    )  # fmt: skip
    verdict.argument(group)


def whole(text: str) -> int:
    """For argparse: a whole number, 0 or more."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"expected a whole number, 0 or more: {text}")
    return int(text)


def positive(text: str) -> int:
    """For argparse: a whole number, 1 or more."""
    if whole(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number, 1 or more: {text}")
    return int(text)
