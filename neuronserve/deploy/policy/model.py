"""What reading a model from S3 takes: exactly its object, or the objects below its prefix.

The container asks HeadObject, GetObject (of the version that it found, where the bucket keeps versions) and
for a prefix ListObjectsV2; see ``neuronserve/artifact/s3.py``.
"""

from __future__ import annotations

import dataclasses
import re

from neuronserve.deploy.policy import place as places
from neuronserve.deploy.policy.document import Statement, literal, value
from neuronserve.deploy.policy.place import Place
from neuronserve.errors import InvalidInput

READ = ("s3:GetObject", "s3:GetObjectVersion")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,253}[a-z0-9]", re.IGNORECASE)
_EXPRESS = re.compile(r".+--[a-z0-9-]+--x-s3")


@dataclasses.dataclass(frozen=True)
class Address:
    """``bucket``: a name, or the ARN of an access point. ``key``: a prefix if it ends in a slash."""

    bucket: str
    key: str

    @property
    def prefix(self) -> bool:
        return not self.key or self.key.endswith("/")

    @property
    def access_point(self) -> bool:
        return self.bucket.startswith("arn:")

    @property
    def directory(self) -> bool:
        """It is in a directory bucket (S3 Express One Zone)."""
        return _EXPRESS.fullmatch(self.bucket) is not None


def address(uri: str) -> Address:
    """The parts of an ``s3://`` address. Raises InvalidInput."""
    rest = uri.removeprefix("s3://")
    if rest == uri:
        raise InvalidInput(f"{uri!r}: expected s3://bucket/key or s3://bucket/prefix/")
    if rest.startswith("arn:"):
        resource, _, tail = rest.partition("/")
        name, _, key = tail.partition("/")
        found = Address(f"{resource}/{name}", key)
        arn = places.parsed(found.bucket)
        if not arn or arn.service != "s3" or not arn.rest.startswith("accesspoint/") or not name:
            raise InvalidInput(f"{uri!r}: expected s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/KEY")
    else:
        bucket, _, key = rest.partition("/")
        if not _BUCKET.fullmatch(bucket):
            raise InvalidInput(f"{uri!r} names no bucket that could exist: {bucket!r}")
        found = Address(bucket, key)
    if not found.key and not uri.endswith("/"):
        raise InvalidInput(f"{uri!r} names a bucket but no object", hint="a whole bucket ends in a slash")
    return found


def statements(at: Address, place: Place) -> list[Statement]:
    """Reading what an address holds."""
    if at.directory:
        return [_session(at, place)]
    container = at.bucket if at.access_point else f"arn:{place.partition}:s3:::{at.bucket}"
    below = f"{container}/object" if at.access_point else container
    if at.prefix:
        return reading(container, f"{below}/{literal(at.key)}*", value(at.key))
    return reading(container, f"{below}/{literal(at.key)}")


def reading(container: str, objects: str, prefix: str | None = None) -> list[Statement]:
    """Reading the objects of an ARN pattern, and with ``prefix`` listing them (empty: the whole bucket)."""
    read = Statement("ReadTheModel", READ, (objects,))
    if prefix is None:
        return [read]
    condition = {"StringEquals": {"s3:prefix": prefix}} if prefix else {}
    return [read, Statement("ListTheModel", ("s3:ListBucket",), (container,), condition)]


def _session(at: Address, place: Place) -> Statement:
    """A directory bucket knows no rights on objects, only sessions: this one reads."""
    return Statement(
        "ReadTheModel",
        ("s3express:CreateSession",),
        (place.arn("s3express", f"bucket/{at.bucket}"),),
        {"StringEquals": {"s3express:SessionMode": "ReadOnly"}},
    )
