"""Images: in a registry that SageMaker pulls from, and in the endpoint's region."""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules.subject import Subject

_ECR = re.compile(r"\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/[^:@]+(?P<pin>[:@].+)?")


def check(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers():
        image = container.at("Image")
        if image.text is not None:
            yield from _image(image, container, subject.context.region)
        elif isinstance(container.value, dict) and not container.at("ModelPackageName").given:
            yield container.error("no-image", "a container needs Image or ModelPackageName", "add Image")


def _image(image: Node, container: Node, region: str | None) -> Iterator[Finding]:
    if container.at("ImageConfig", "RepositoryAccessMode").text == "Vpc":
        return
    found = _ECR.fullmatch(image.text or "")
    if not found:
        yield image.error(
            "not-in-ecr",
            f"{(image.text or '')[:80]!r} is no image in Amazon ECR, and SageMaker pulls from nowhere else",
            "push it to ECR: ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG",
        )
        return
    if region and found["region"] != region:
        yield image.error(
            "image-region",
            f"the image is in {found['region']}, the endpoint in {region}: both have to be in one region",
            f"push the image to ECR in {region}, or use --region {found['region']}",
        )
    if not found["pin"] or found["pin"] == ":latest":
        yield image.warning(
            "image-not-pinned",
            "the tag latest may be another image when an instance is replaced or added",
            "name a version, or a digest (REPOSITORY@sha256:...)",
        )
