"""Where resources are: partition, region and account, of which every ARN is made."""

from __future__ import annotations

import dataclasses
import re

from neuronserve.errors import InvalidInput

_PARTITIONS = (
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
)
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_ACCOUNT = re.compile(r"\d{12}")
_ARN = re.compile(
    r"arn:(?P<partition>[^:]*):(?P<service>[^:]+):(?P<region>[^:]*):(?P<account>[^:]*):(?P<rest>.+)"
)


@dataclasses.dataclass(frozen=True)
class Place:
    """``suffix``: of the partition's host names. In a template all four are pseudo parameters."""

    partition: str
    region: str
    account: str
    suffix: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role(self, name: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    def endpoints(self, service: str) -> list[str]:
        """What ``kms:ViaService`` may be for a service here; China's has two spellings."""
        plain = f"{service}.{self.region}.amazonaws.com"
        return [plain, f"{plain}.cn"] if self.partition == "aws-cn" else [plain]


@dataclasses.dataclass(frozen=True)
class Arn:
    """The parts of an ARN; ``rest`` is the resource with its type."""

    partition: str
    service: str
    region: str
    account: str
    rest: str


def of(region: str, account: str) -> Place:
    """The place of an account in a region. Raises InvalidInput."""
    if not _REGION.fullmatch(region):
        raise InvalidInput(f"region {region!r}: expected one such as us-east-1")
    if not _ACCOUNT.fullmatch(account):
        raise InvalidInput(f"account {account!r}: expected its 12 digits", hint="leave out dashes and spaces")
    name, suffix = _partition(region)
    return Place(name, region, account, suffix)


def partition(region: str) -> str:
    """The partition of a region, by the region's name."""
    return _partition(region)[0]


def _partition(region: str) -> tuple[str, str]:
    for prefix, name, suffix in _PARTITIONS:
        if region.startswith(prefix):
            return name, suffix
    return "aws", "amazonaws.com"


def parsed(text: str) -> Arn | None:
    """The parts of an ARN, or None for what is none."""
    found = _ARN.fullmatch(text)
    return Arn(**found.groupdict()) if found else None
