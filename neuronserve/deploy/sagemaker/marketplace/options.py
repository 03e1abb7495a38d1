"""The options of marketplace-check -> a Listing."""

from __future__ import annotations

import argparse
import dataclasses
import mimetypes
from pathlib import Path

from neuronserve.deploy import s3
from neuronserve.deploy.pairs import pairs
from neuronserve.deploy.sagemaker.marketplace import instances
from neuronserve.deploy.sagemaker.marketplace.listing import Listing, Test
from neuronserve.deploy.waiting import seconds
from neuronserve.errors import InvalidInput
from neuronserve.generation import Generation

_TYPES = {
    ".csv": "text/csv", ".json": "application/json", ".jsonl": "application/jsonlines",
    ".npy": "application/x-npy",
}  # fmt: skip
_SPLITS = ("None", "Line")


def add(parser: argparse.ArgumentParser) -> None:
    """The options that say what is to be listed, and how it is tried."""
    parser.add_argument("image", metavar="IMAGE", help="as the container engine has it")
    parser.add_argument("model", metavar="MODEL", help="model.tar.gz, here or s3://")
    parser.add_argument(
        "--payload",
        metavar="FILE[=TYPE]",
        action="append",
        default=[],
        help="test data, and its type",
    )
    parser.add_argument("--accept", metavar="TYPE", default="", help="of the answers")
    group = parser.add_argument_group("the package")
    group.add_argument("--ecr-image", metavar="URI", default="", help="the image in your own ECR")
    group.add_argument("--model-uri", metavar="S3_URI", default="", help="the model in S3 (default: MODEL)")
    group.add_argument("--payload-uri", metavar="S3_URI", default="", help="test data for the validation job")
    group.add_argument("--output-uri", metavar="S3_URI", default="", help="where the validation job writes")
    group.add_argument("--role", metavar="ROLE", default="", help="of the validation job: name or ARN")
    group.add_argument("--name", default="", help="of the package")
    group.add_argument(
        "--group", default="", help="for a version of a model package group, which is not listed"
    )
    group.add_argument("--description", default="")
    group.add_argument("--instance-type", metavar="TYPE", action="append", default=[], help="hosts endpoints")
    group.add_argument("--transform-type", metavar="TYPE", action="append", default=[],
                       help="runs batch transform (default: of those that host, all that can)")  # fmt: skip
    group.add_argument("--content-type", metavar="TYPE", action="append", default=[],
                       help="that requests may have (default: those of --payload)")  # fmt: skip
    group.add_argument("--response-type", metavar="TYPE", action="append", default=[],
                       help="that answers may have (default: application/json)")  # fmt: skip
    group.add_argument("--split", choices=_SPLITS, default="None", help="of the validation job's data (None)")
    group.add_argument("--env", metavar="NAME=VALUE", action="append", default=[], help="of the container")
    group.add_argument("--tag", metavar="KEY=VALUE", action="append", default=[], help="(repeat)")
    trial = parser.add_argument_group("the trial")
    trial.add_argument("--engine", metavar="PROGRAM", help="docker or podman (CONTAINER_ENGINE)")
    trial.add_argument("--startup-timeout", metavar="S", type=seconds, default=480,
                       help="for the first 200 of /ping (480)")  # fmt: skip


def listing(given: argparse.Namespace, role: str) -> Listing:
    """``role``: its ARN. Raises InvalidInput."""
    tests = tuple(_test(text, given.accept) for text in given.payload)
    in_s3 = given.model if given.model.startswith("s3://") else ""
    for member in ("model_uri", "payload_uri", "output_uri"):
        if uri := getattr(given, member):
            s3.any_key(f"--{member.replace('_', '-')}", uri)
    if given.name and given.group:
        raise InvalidInput("--name and --group: a package is either listed, or a version of a group")
    return Listing(
        image=given.image,
        model=given.model,
        tests=tests,
        ecr=given.ecr_image,
        model_uri=given.model_uri or in_s3,
        tests_uri=given.payload_uri,
        output_uri=given.output_uri,
        name=given.name,
        group=given.group,
        description=given.description,
        role=role,
        hosting=tuple(given.instance_type),
        transform=tuple(given.transform_type),
        content_types=tuple(given.content_type or dict.fromkeys(one.content_type for one in tests)),
        response_types=tuple(given.response_type) or (given.accept or "application/json",),
        environment=pairs("--env", given.env),
        split="Line" if given.split == "Line" else "",
        tags=pairs("--tag", given.tag),
    )


def completed(wanted: Listing, found: set[Generation]) -> Listing:
    """With the instance types that fit the model, where none were given."""
    hosting, transform = wanted.hosting, wanted.transform
    if not hosting and not transform:
        hosting, transform = instances.fitting(found)
    elif not transform:
        transform = tuple(name for name in hosting if name in instances.transforms())
    return dataclasses.replace(wanted, hosting=hosting, transform=transform)


def missing(wanted: Listing) -> list[str]:
    """The options without which there is no package to create."""
    options = {
        "--name": wanted.name or wanted.group, "--ecr-image": wanted.ecr, "--model-uri": wanted.model_uri,
        "--payload": wanted.tests, "--payload-uri": wanted.tests_uri, "--output-uri": wanted.output_uri,
        "--role": wanted.role,
    }  # fmt: skip
    return [option for option, value in options.items() if not value]


def _test(text: str, accept: str) -> Test:
    name, equals, content_type = text.rpartition("=")
    if not equals or Path(text).is_file():
        name, content_type = text, _TYPES.get(Path(text).suffix) or mimetypes.guess_type(text)[0] or ""
    if not Path(name).is_file():
        raise InvalidInput(f"--payload {name}: no such file")
    if not content_type:
        raise InvalidInput(f"--payload {name}: of which content type?", hint=f"--payload {name}=text/csv")
    return Test(Path(name), content_type, accept)
