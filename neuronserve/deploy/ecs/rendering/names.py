"""Names that AWS takes: families, containers, images, roles, tags, secrets.

What is public of the patterns is also what ``validation`` holds other definitions against.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from neuronserve.errors import InvalidInput

MAX_TAGS, MAX_TAG_KEY, MAX_TAG_VALUE = 50, 128, 256
MAX_IMAGE = 255
MAX_PREFIX = 128  # a stream's name has 512, with the container's name and the task's id in it

_PARTITION = r"arn:aws[a-z-]*"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d{1,5})?/)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
IMAGE = re.compile(
    rf"{_HOST}{_PART}(?:/{_PART})*(?P<tag>:[\w][\w.-]{{0,127}})?(?P<digest>@sha256:[0-9a-fA-F]{{64}})?",
    re.ASCII,
)
_ROLE = re.compile(rf"{_PARTITION}:iam::\d{{12}}:role/[\w+=,.@/-]{{1,576}}|[\w+=,.@-]{{1,64}}", re.ASCII)
# of a secret also a key of its JSON, a stage and a version; of a parameter a version or label
SECRET = re.compile(
    rf"{_PARTITION}:secretsmanager:[a-z0-9-]+:\d{{12}}:secret:[\w/+=.@!-]+(?::[^:]*){{0,3}}"
    rf"|(?!arn:)[\w./-]{{1,2048}}(?::[\w.-]+)?"
    rf"|{_PARTITION}:ssm:[a-z0-9-]+:\d{{12}}:parameter/[\w./-]{{1,2048}}(?::[\w.-]+)?",
    re.ASCII,
)
_FILE = re.compile(rf"{_PARTITION}:s3:::[a-z0-9][a-z0-9._-]+/\S+\.env")
_ECR = re.compile(r"\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/.+")
_LOG_GROUP = re.compile(r"[A-Za-z0-9._/#-]{1,512}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def family(text: str) -> None:
    if not _NAME.fullmatch(text):
        raise InvalidInput(f"family {text!r}: expected 1 to 255 of letters, digits, '-' and '_'")


def container(text: str) -> None:
    if not _NAME.fullmatch(text):
        raise InvalidInput(f"container name {text!r}: expected 1 to 255 of letters, digits, '-' and '_'")


def image(text: str) -> None:
    if len(text) > MAX_IMAGE or not IMAGE.fullmatch(text):
        raise InvalidInput(
            f"image {text!r}: expected [REGISTRY/]repository[:TAG] or ...@sha256:..., "
            f"the repository in lower case, at most {MAX_IMAGE} characters"
        )


def role(what: str, text: str) -> None:
    """``what``: ``task role`` or ``execution role``."""
    if not _ROLE.fullmatch(text):
        raise InvalidInput(f"{what} {text!r}: expected a role's name, or arn:aws:iam::ACCOUNT:role/NAME")


def secret(name: str, place: str) -> None:
    """Never shows ``place``: somebody may have put the secret itself there."""
    if not SECRET.fullmatch(place):
        raise InvalidInput(
            f"secret {name}: expected the ARN of a Secrets Manager secret or of an SSM parameter, "
            "or the name of a parameter in the same region"
        )


def environment_file(arn: str) -> None:
    if not _FILE.fullmatch(arn):
        raise InvalidInput(f"environment file {arn!r}: expected arn:aws:s3:::BUCKET/KEY.env")


def log_group(text: str) -> None:
    if not _LOG_GROUP.fullmatch(text):
        raise InvalidInput(f"log group {text!r}: expected 1 to 512 of letters, digits and any of . - _ / #")


def log_stream_prefix(text: str) -> None:
    if not text or len(text) > MAX_PREFIX or set(text) & set(":*"):
        raise InvalidInput(
            f"log stream prefix {text!r}: expected 1 to {MAX_PREFIX} characters, and no ':' or '*'"
        )


def variable(name: str) -> None:
    if not _VARIABLE.fullmatch(name):
        raise InvalidInput(f"environment variable {name!r}: expected letters, digits and '_', no digit first")


def tags(given: Mapping[str, str]) -> None:
    """Raises InvalidInput for what AWS's tags cannot be."""
    if len(given) > MAX_TAGS:
        raise InvalidInput(f"{len(given)} tags: ECS takes {MAX_TAGS}")
    for key, value in given.items():
        if not 1 <= len(key) <= MAX_TAG_KEY or len(value) > MAX_TAG_VALUE:
            raise InvalidInput(
                f"tag {key!r}: expected a key of 1 to {MAX_TAG_KEY} characters, "
                f"and a value of at most {MAX_TAG_VALUE}"
            )
        if key.lower().startswith("aws:") or value.lower().startswith("aws:"):
            raise InvalidInput(f"tag {key!r}: keys and values that begin with 'aws:' are AWS's own")
        if wrong := sorted(set(filter(_no_tag_character, key + value))):
            raise InvalidInput(
                f"tag {key!r}: {''.join(wrong)!r}: expected letters, digits, spaces, + - = . _ : / @"
            )


def _no_tag_character(one: str) -> bool:
    return one not in "_.:/=+-@" and unicodedata.category(one)[0] not in "LNZ"


def ecr_region(image: str) -> str | None:
    """The region of an image in Amazon ECR; None for one elsewhere."""
    match = _ECR.fullmatch(image)
    return match[1] if match else None


def repository(image: str) -> str:
    """The last part of an image's name: ``neuronserve`` of ``REGISTRY/team/neuronserve:1.2``."""
    return re.split(r"[:@]", image.rpartition("/")[2], maxsplit=1)[0]


def default_family(image: str, model: str | None, instance_type: str) -> str:
    """``neuronserve-inf1-xlarge``; with a model's name: ``neuronserve-resnet-inf1-xlarge``."""
    words = [repository(image), model or "", instance_type]
    return "-".join(re.sub(r"[^A-Za-z0-9_-]+", "-", word).strip("-") for word in words if word)[:200]
