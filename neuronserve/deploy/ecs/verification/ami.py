"""ECS publishes its Neuron machine image in the region."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.ecs import ami
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.item import Item, Verdict, guarded

NAME = "ami"


def check(case: Case) -> Iterator[Item]:
    if case.managed:
        yield Item(NAME, case.family, Verdict.SKIP, "ECS brings the instances, and what they run")
        return
    yield guarded(NAME, ami.RECOMMENDED, lambda: _item(case))


def _item(case: Case) -> Item:
    region = case.aws.region
    try:
        found = case.aws.ssm.get_parameter(Name=ami.RECOMMENDED)["Parameter"]["Value"]
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            return Item(
                NAME, ami.RECOMMENDED, Verdict.NG, f"not in {region}: ECS has no Neuron image there",
                "choose a region that has it: scripts/instances lists them",
            )  # fmt: skip
        raise
    return Item(NAME, ami.RECOMMENDED, Verdict.OK, f"{found} in {region}")
