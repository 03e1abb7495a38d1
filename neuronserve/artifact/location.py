"""MODEL_URI in words: an object, a prefix, or a path."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from neuronserve.errors import LocationError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,253}[a-z0-9]|arn:[^/]+", re.IGNORECASE)
_EXPECTED = "use s3://bucket/key.tar.gz, s3://bucket/prefix/ or an absolute path"


@dataclasses.dataclass(frozen=True)
class S3Location:
    """An object, or with ``prefix`` every object whose key begins with ``key``."""

    bucket: str
    key: str
    prefix: bool = False

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclasses.dataclass(frozen=True)
class LocalLocation:
    """A directory or an archive on this machine."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


Location = S3Location | LocalLocation


def parse(uri: str) -> Location:
    """A location from the text of MODEL_URI. Raises LocationError with what was expected."""
    if "\0" in uri:
        raise LocationError(f"{uri!r} holds a NUL character", hint=_EXPECTED)
    if uri.startswith("s3://"):
        return _s3(uri)
    if not uri.startswith("/"):
        raise LocationError(f"{uri!r} is neither an s3:// address nor an absolute path", hint=_EXPECTED)
    return LocalLocation(Path(uri))


def _s3(uri: str) -> S3Location:
    rest = uri.removeprefix("s3://")
    if rest.startswith("arn:"):  # an access point: arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/KEY
        resource, _, tail = rest.partition("/")
        name, _, key = tail.partition("/")
        bucket = f"{resource}/{name}"
    else:
        bucket, _, key = rest.partition("/")
        if not _BUCKET.fullmatch(bucket):
            raise LocationError(f"{uri!r} names no bucket that could exist: {bucket!r}", hint=_EXPECTED)
    if not key and not uri.endswith("/"):
        raise LocationError(f"{uri!r} names a bucket but no object", hint=_EXPECTED)
    return S3Location(bucket, key, prefix=not key or key.endswith("/"))
