"""Images are there, for the processor of the instances."""

from __future__ import annotations

import functools
import json
import urllib.request
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.item import Item, Verdict, guarded
from neuronserve.deploy.policy import images
from neuronserve.deploy.policy.images import Repository

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

NAME = "image"
_MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_PROCESSORS = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}
_LARGEST = 1 << 20  # bytes of an image's configuration


def check(case: Case) -> Iterator[Item]:
    architecture = case.root.at("runtimePlatform", "cpuArchitecture").text or "X86_64"
    wanted = _PROCESSORS.get(architecture, "linux/amd64")
    for image in dict.fromkeys(container.at("image").text for container in case.containers):
        if image:
            yield guarded(NAME, image, functools.partial(_item, case, image, wanted))


def _item(case: Case, image: str, wanted: str) -> Item:
    place = images.repository(image)
    if place is None:
        return Item(
            NAME, image, Verdict.SKIP, "not in a private ECR repository, which is where it can be asked for"
        )
    ecr = case.aws.in_region(place.region).ecr
    found = _found(ecr, place, _identifier(image))
    if isinstance(found, str):
        return Item(NAME, image, Verdict.NG, found, "push the image, or name one that is there")
    digest = found["imageId"].get("imageDigest", "")
    platforms = _platforms(ecr, place, json.loads(found["imageManifest"]))
    if platforms is None:
        seen = f"is there ({digest}); whether it is for {wanted} is open: its platform could not be read"
        return Item(NAME, image, Verdict.SKIP, seen)
    if wanted not in platforms:
        return Item(
            NAME, image, Verdict.NG, f"is for {', '.join(sorted(platforms)) or 'no platform'}, not {wanted}",
            f"build it with --platform {wanted}",
        )  # fmt: skip
    return Item(NAME, image, Verdict.OK, f"{digest}, {wanted}")


def _identifier(image: str) -> dict[str, str]:
    name, _, digest = image.partition("@")
    if digest:
        return {"imageDigest": digest}
    return {"imageTag": name[len(images.bare(image)) + 1 :] or "latest"}


def _found(ecr: ECRClient, place: Repository, identifier: Mapping[str, str]) -> dict[str, Any] | str:
    """ECR's record of the image, or why there is none."""
    try:
        answer = ecr.batch_get_image(
            registryId=place.account,
            repositoryName=place.name,
            imageIds=[identifier],  # type: ignore[list-item]  # boto3-stubs want their own dict type
            acceptedMediaTypes=list(_MEDIA_TYPES),
        )
    except ClientError as error:
        if code_of(error) == "RepositoryNotFoundException":
            return f"no repository {place.name} in {place.region} of account {place.account}"
        raise
    if answer["images"]:
        return dict(answer["images"][0])
    for failure in answer.get("failures", []):
        if failure.get("failureCode") != "ImageNotFound":  # such as KmsError: it is there, and unusable
            return f"{failure.get('failureCode')}: {failure.get('failureReason', '')}"
    return f"no image {' '.join(identifier.values())} in repository {place.name}"


def _platforms(ecr: ECRClient, place: Repository, manifest: Mapping[str, Any]) -> set[str] | None:
    """What an image is for, such as ``linux/amd64``; None where that cannot be read."""
    if "manifests" in manifest:
        listed = [entry.get("platform", {}) for entry in manifest["manifests"]]
        return {_platform(entry) for entry in listed if entry.get("architecture") != "unknown"}
    try:
        return {_platform(_configuration(ecr, place, manifest["config"]["digest"]))}
    except (ClientError, OSError, ValueError, KeyError):  # the layer may not be read, which pulling needs too
        return None


def _platform(described: Mapping[str, str]) -> str:
    return f"{described.get('os', 'unknown')}/{described.get('architecture', 'unknown')}"


def _configuration(ecr: ECRClient, place: Repository, digest: str) -> dict[str, Any]:
    """The image's configuration, a small JSON document among its layers."""
    url = ecr.get_download_url_for_layer(
        registryId=place.account, repositoryName=place.name, layerDigest=digest
    )["downloadUrl"]
    if not url.startswith("https://"):
        raise ValueError(url)
    with urllib.request.urlopen(url, timeout=30) as answer:  # nosec B310  # noqa: S310  https, as checked above
        read: dict[str, Any] = json.loads(answer.read(_LARGEST))
    return read
