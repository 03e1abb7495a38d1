"""Print the id of the machine image that ECS recommends for Neuron instances, by region.

It is an SSM parameter that AWS publishes; that of Amazon Linux 2023 serves Inf1, Inf2 and Trn1. With
--details also its name and the versions of the ECS agent and docker. Exit code 1: a region has none; the
others are printed all the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

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
    parser.add_argument("regions", nargs="*", metavar="REGION", help="regions (default: AWS_REGION)")
    parser.add_argument("--region", action="append", default=[], metavar="REGION", help="the same")
    parser.add_argument("--all-regions", action="store_true", help="every region that has Neuron instances")
    parser.add_argument(
        "--os", choices=sorted(ami.PARAMETERS), default="al2023",
        help="default: al2023; al2, Amazon Linux 2, ended on 2026-06-30",
    )  # fmt: skip
    parser.add_argument("--details", action="store_true", help="name, and versions of agent and docker")


def run(given: argparse.Namespace, desk: Desk) -> int:
    regions = _regions(given, desk)
    if why := ami.ENDED.get(given.os):
        desk.say(f"warning: --os {given.os}: {why}: use al2023, which serves Inf1, Inf2 and Trn1")
    base = ami.PARAMETERS[given.os].rpartition("/")[0]
    leaves = _DETAILS if given.details else {"imageId": "image_id"}
    if given.dry_run:
        wanted = [f"{base}/{leaf}" for leaf in leaves.values()]
        _show(desk, [{"region": region, "Names": wanted} for region in regions])
        return exits.YES
    return _each(desk, regions, lambda region: _image(desk.aws.in_region(region), region, base, leaves))


def _regions(given: argparse.Namespace, desk: Desk) -> list[str]:
    named = [*given.regions, *given.region]
    if given.all_regions:
        if named:
            raise InvalidInput("--all-regions and REGION exclude each other")
        return sorted({region for kind in catalogue().values() for region in kind.regions})
    return list(dict.fromkeys(named)) or [desk.aws.region]


def _each(desk: Desk, regions: list[str], look: Callable[[str], dict[str, str]]) -> int:
    """Print what each region has; the first fault's exit code."""
    found: list[dict[str, str]] = []
    code = exits.YES
    for region in regions:
        try:
            found.append({"region": region, **look(region)})
        except Exception as error:
            fault = error if isinstance(error, DeployError) else ways.explained(error)
            if fault is None:
                raise
            desk.say(f"{region}: {fault}")
            code = code or exits.of(fault)
    if found:
        _show(desk, found)
    return code


def _image(aws: Aws, region: str, base: str, leaves: Mapping[str, str]) -> dict[str, str]:
    """The leaves that the region has, by our names. Raises NoSuchResource without an image."""
    answer = aws.ssm.get_parameters(Names=[f"{base}/{leaf}" for leaf in leaves.values()])
    values = {item["Name"].rpartition("/")[2]: item["Value"] for item in answer["Parameters"]}
    if "image_id" not in values:
        raise NoSuchResource(f"ECS publishes no such image in {region}: no parameter {base}/image_id")
    return {name: values[leaf] for name, leaf in leaves.items() if leaf in values}


def _show(desk: Desk, found: list[Any]) -> None:
    """One as an object, several as a list."""
    desk.show(found[0] if len(found) == 1 else found)
