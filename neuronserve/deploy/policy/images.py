"""Where an image is pulled from: an ECR repository, of this account or another, or elsewhere."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from neuronserve.deploy.policy.document import Statement
from neuronserve.deploy.policy.place import Place
from neuronserve.errors import InvalidInput

# HOST is what the ECR documentation calls a registry's URI; .on.aws is its dual-stack name
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+/(?P<rest>.+)"
)
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*")
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUBLIC = ("public.ecr.aws/", "ecr-public.aws.com/")


@dataclasses.dataclass(frozen=True)
class Repository:
    """An ECR repository. AWS's deep learning containers are those of 763104351884, which all may pull."""

    account: str
    region: str
    name: str


def bare(image: str) -> str:
    """An image without tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def repository(image: str) -> Repository | None:
    """The private ECR repository of an image; None: public or elsewhere, where IAM has no say."""
    found = _ECR.fullmatch(bare(image))
    if not found:
        return None
    if not _REPOSITORY.fullmatch(found["rest"]):
        raise InvalidInput(f"image {image!r}: {found['rest']!r} is no name of an ECR repository")
    return Repository(found["account"], found["region"], found["rest"])


def arn(image: str, place: Place) -> str | None:
    """That of the image's repository, which may be in another region or account."""
    found = repository(image)
    if found is None:
        return None
    return f"arn:{place.partition}:ecr:{found.region}:{found.account}:repository/{found.name}"


def pulling(pulled: Sequence[str], place: Place) -> list[Statement]:
    """What pulling images takes; nothing where none is in a private repository of ECR."""
    arns = {found for image in pulled if (found := arn(image, place))}
    if not arns:
        return []
    return [
        Statement("LogInToEcr", ("ecr:GetAuthorizationToken",), ("*",)),
        Statement("PullTheImage", PULL, tuple(arns)),
    ]
