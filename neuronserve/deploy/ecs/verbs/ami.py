"""Print the id of the machine image that ECS recommends for Neuron instances, by region.

It is an SSM parameter that AWS publishes; that of Amazon Linux 2023 serves Inf1, Inf2 and Trn1. With
--details also its name and the versions of the ECS agent and docker. Exit code 1: a region has none; the
others are printed all the same.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy import aws as ways
from neuronserve.deploy import exits
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import ami
from neuronserve.errors import DeployError, InvalidInput, NoSuchResource
from neuronserve.instances import catalogue

_DETAILS = {
    "imageId": "image_id",
    "imageName": "image_name",
    "imageVersion": "image_version",
    "os": "os",
    "ecsAgentVersion": "ecs_agent_version",
    "ecsRuntimeVersion": "ecs_runtime_version",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("regions", nargs="*", metavar="REGION", help="regions (default: that of --region)")
    parser.add_argument("--all-regions", action="store_true", help="every region that has Neuron instances")
    parser.add_argument("--os", choices=sorted(ami.PARAMETERS), default="al2023", help="default: al2023")
    parser.add_argument("--details", action="store_true", help="name, and versions of agent and docker")


def run(given: argparse.Namespace, desk: Desk) -> int:
    regions = _regions(given, desk)
    parameter = ami.PARAMETERS[given.os]
    if given.details:
        parameter = parameter.rpartition("/")[0]
    if given.dry_run:
        _show(desk, [{"region": region, "Name": parameter} for region in regions])
        return exits.YES

    def at(region: str) -> Aws:
        if region == desk.aws.region_if_known:
            return desk.aws
        return Aws(profile=given.profile, region=region, endpoint_url=given.endpoint_url)

    return _each(desk, regions, parameter, at)


def _regions(given: argparse.Namespace, desk: Desk) -> list[str]:
    if given.all_regions:
        if given.regions:
            raise InvalidInput("--all-regions and REGION exclude each other")
        return sorted({region for kind in catalogue().values() for region in kind.regions})
    return list(dict.fromkeys(given.regions)) or [desk.aws.region]


def _each(desk: Desk, regions: list[str], parameter: str, at: Callable[[str], Aws]) -> int:
    """Print what each region has; the first fault's exit code."""
    found: list[Mapping[str, Any]] = []
    code = exits.YES
    for region in regions:
        try:
            found.append({"region": region, **_image(at(region), region, parameter)})
        except Exception as error:
            fault = error if isinstance(error, DeployError) else ways.explained(error)
            if fault is None:
                raise
            desk.say(f"{region}: {fault}")
            code = code or exits.of(fault)
    if found:
        _show(desk, found)
    return code


def _image(aws: Aws, region: str, parameter: str) -> dict[str, Any]:
    try:
        value = aws.ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    except ClientError as error:
        if ways.code_of(error) == "ParameterNotFound":
            raise NoSuchResource(
                f"ECS publishes no such image in {region}: no parameter {parameter}"
            ) from None
        raise
    if parameter.endswith("/image_id"):
        return {"imageId": value}
    try:
        told = json.loads(value)
        return {key: told[name] for key, name in _DETAILS.items() if name in told}
    except (ValueError, TypeError):
        raise NoSuchResource(f"the parameter {parameter} holds no JSON object") from None


def _show(desk: Desk, found: list[Any]) -> None:
    """One as an object, several as a list."""
    desk.show(found[0] if len(found) == 1 else found)
