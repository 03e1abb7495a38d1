"""The image is in one's own ECR, in the region of all else, and has been scanned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.item import Item, Verdict, guarded
from neuronserve.deploy.policy import images
from neuronserve.deploy.policy.images import Repository
from neuronserve.deploy.sagemaker.marketplace.checks.case import Case
from neuronserve.errors import AwsFailed, AwsRefused

NAME = "registry"
# accounts of SageMaker's own images in us-east-1, us-east-2, us-west-2 and eu-west-1 (AWS's list of Docker
# registry paths); any other account that is not one's own is refused as well, without a name
_AWS = {
    "763104351884": "AWS's deep learning containers",
    "683313688378": "SageMaker's built-in algorithms", "257758044811": "SageMaker's built-in algorithms",
    "246618743249": "SageMaker's built-in algorithms", "141502667606": "SageMaker's built-in algorithms",
    "382416733822": "SageMaker's built-in algorithms", "404615174143": "SageMaker's built-in algorithms",
    "174872318107": "SageMaker's built-in algorithms", "438346466558": "SageMaker's built-in algorithms",
    "811284229777": "SageMaker's built-in algorithms", "825641698319": "SageMaker's built-in algorithms",
    "433757028032": "SageMaker's built-in algorithms", "685385470294": "SageMaker's built-in algorithms",
    "785573368785": "SageMaker Neo", "763008648453": "SageMaker Neo", "301217895009": "SageMaker Neo",
}  # fmt: skip
_GRAVE = ("CRITICAL", "HIGH")


def check(case: Case) -> Iterator[Item]:
    image = case.listing.ecr
    if not image:
        yield Item(NAME, case.listing.image, Verdict.SKIP, "not pushed yet", "push it, and add --ecr-image")
        return
    try:
        yield guarded(NAME, image, lambda: _item(case, image))
    except (AwsRefused, AwsFailed) as error:
        yield Item(NAME, image, Verdict.SKIP, error.message, error.hint)


def _item(case: Case, image: str) -> Item:
    place = images.repository(image)
    if place is None:
        return Item(NAME, image, Verdict.NG, "is not in a private ECR repository", "push it to your own")
    account = case.aws.sts.get_caller_identity()["Account"]
    if place.account != account:
        whose = _AWS.get(place.account, f"account {place.account}'s")
        return Item(
            NAME, image, Verdict.NG, f"is {whose}, and yours is account {account}",
            "packages of built-in algorithms and of others' images are not taken: push your own image",
        )  # fmt: skip
    if place.region != case.aws.region:
        return Item(
            NAME, image, Verdict.NG, f"is in {place.region}, and the package would be in {case.aws.region}",
            f"use --region {place.region}, or push it there",
        )  # fmt: skip
    return _there(case, image, place)


def _there(case: Case, image: str, place: Repository) -> Item:
    try:
        found = case.aws.ecr.describe_images(
            registryId=place.account,
            repositoryName=place.name,
            imageIds=[_identifier(image)],  # type: ignore[list-item]  # boto3-stubs want their own dict type
        )["imageDetails"][0]
    except ClientError as error:
        if code_of(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
            return Item(NAME, image, Verdict.NG, "there is none in ECR", "push it")
        raise
    return _scanned(image, dict(found))


def _identifier(image: str) -> dict[str, str]:
    name, _, digest = image.partition("@")
    return (
        {"imageDigest": digest} if digest else {"imageTag": name[len(images.bare(image)) + 1 :] or "latest"}
    )


def _scanned(image: str, found: Mapping[str, Any]) -> Item:
    size = f"{found.get('imageSizeInBytes', 0) / 1e9:.2f} GB packed"
    counts = found.get("imageScanFindingsSummary", {}).get("findingSeverityCounts")
    if counts is None:
        return Item(
            NAME, image, Verdict.OK, f"is your own, {size}; it was not scanned",
            "scan it: AWS does, and does not certify what has grave vulnerabilities",
        )  # fmt: skip
    grave = [f"{counts[name]} {name}" for name in _GRAVE if counts.get(name)]
    if grave:
        return Item(
            NAME, image, Verdict.NG, f"is your own, and ECR's scan found {' and '.join(grave)}",
            "build it anew on a current base image",
        )  # fmt: skip
    return Item(NAME, image, Verdict.OK, f"is your own, {size}, scanned")
