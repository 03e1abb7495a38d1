"""An address in S3."""

from __future__ import annotations

import dataclasses
import re

from neuronserve.errors import InvalidInput

# A bucket's name, also one that is older than the rules for them, or the ARN of an access point.
_BUCKET = r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}|arn:[^/]+/[^/]+"
_URI = re.compile(rf"s3://(?P<bucket>{_BUCKET})(?:/(?P<key>.*))?", re.DOTALL)
_ARCHIVE = ".tar.gz"


@dataclasses.dataclass(frozen=True)
class Place:
    """An object, or a prefix, which ends in a slash or is empty."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def below(self, name: str) -> Place:
        return Place(self.bucket, self.key + name)


def bucket(option: str, name: str) -> str:
    """A bucket's name. Raises InvalidInput."""
    if "/" in name or not _URI.fullmatch(f"s3://{name}"):
        raise InvalidInput(f"{option} {_shown(name)}: expected a bucket's name", hint="without s3://")
    return name


def prefix(option: str, uri: str) -> Place:
    """What lies below a prefix, written with its slash or without. Raises InvalidInput."""
    found = _parsed(option, uri, "prefix/")
    return Place(found.bucket, f"{found.key}/" if found.key and not found.key.endswith("/") else found.key)


def archive(option: str, uri: str) -> Place:
    """One archive. Raises InvalidInput."""
    found = _parsed(option, uri, f"key{_ARCHIVE}")
    if not found.key.endswith(_ARCHIVE):
        raise InvalidInput(
            f"{option} {uri}: one archive is taken, whose name ends in {_ARCHIVE}",
            hint="`scripts/package-model` makes it, and uploads it",
        )
    return found


def any_key(option: str, uri: str) -> Place:
    """An object, or all whose keys begin so, as SageMaker reads it. Raises InvalidInput."""
    return _parsed(option, uri, "key")


def _parsed(option: str, uri: str, key: str) -> Place:
    found = _URI.fullmatch(uri)
    if not found:
        raise InvalidInput(f"{option} {_shown(uri)}: expected s3://bucket/{key}")
    return Place(found["bucket"], found["key"] or "")


def _shown(uri: str) -> str:
    """Without what stands before an @: it may be a password."""
    return re.sub(r"[^/]*@", "...@", uri[:200])
