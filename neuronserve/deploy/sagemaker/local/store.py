"""S3 as the platform uses it: the caller's, or a folder of this machine whose folders are the buckets."""

from __future__ import annotations

import dataclasses
import functools
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from neuronserve.deploy import aws
from neuronserve.errors import AwsFailed, InvalidInput, NoSuchResource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)


class Store(Protocol):
    """Keys below a prefix, and objects to and from files.

    Raises NoSuchResource for an object that is not there, AwsRefused and AwsFailed for what AWS says.
    """

    def keys(self, uri: str) -> Iterator[str]:
        """The URIs of all objects that begin with ``uri``, sorted."""
        ...

    def download(self, uri: str, target: Path) -> None: ...

    def upload(self, source: Path, uri: str, content_type: str) -> None: ...


def split(uri: str) -> tuple[str, str]:
    """Bucket and key. Raises InvalidInput."""
    match = _URI.fullmatch(uri)
    if not match:
        raise InvalidInput(f"{uri}: no S3 address", hint="s3://BUCKET/KEY")
    return match[1], match[2] or ""


def join(prefix: str, name: str) -> str:
    return f"{prefix.rstrip('/')}/{name}"


@dataclasses.dataclass(frozen=True)
class Folder:
    """``s3://bucket/key`` is the file ``root/bucket/key``."""

    root: Path

    def keys(self, uri: str) -> Iterator[str]:
        bucket, prefix = split(uri)
        top = self._at(bucket, "")
        for path in sorted(top.rglob("*")):
            key = path.relative_to(top).as_posix()
            if path.is_file() and key.startswith(prefix):
                yield f"s3://{bucket}/{key}"

    def download(self, uri: str, target: Path) -> None:
        source = self._at(*split(uri))
        if not source.is_file():
            raise NoSuchResource(f"{uri}: no such object (there is no file {source})")
        shutil.copyfile(source, target)

    def upload(self, source: Path, uri: str, content_type: str) -> None:  # noqa: ARG002  a file has none
        target = self._at(*split(uri))
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        shutil.copyfile(source, partial)
        partial.replace(target)  # whoever waits for it finds it whole

    def _at(self, bucket: str, key: str) -> Path:
        if ".." in key.split("/"):
            raise InvalidInput(f"s3://{bucket}/{key}: a folder takes no .. in a key")
        return self.root / bucket / key


class S3:
    """``made`` gives the client when it is first needed: many rehearsals need none."""

    def __init__(self, made: Callable[[], S3Client]) -> None:
        self._made = made

    @functools.cached_property
    def client(self) -> S3Client:
        return self._made()

    def keys(self, uri: str) -> Iterator[str]:
        bucket, prefix = split(uri)
        try:
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    yield f"s3://{bucket}/{entry['Key']}"
        except (ClientError, BotoCoreError) as error:
            raise _explained(error, uri) from None

    def download(self, uri: str, target: Path) -> None:
        bucket, key = split(uri)
        try:
            self.client.download_file(bucket, key, str(target))
        except (ClientError, BotoCoreError) as error:
            raise _explained(error, uri) from None

    def upload(self, source: Path, uri: str, content_type: str) -> None:
        bucket, key = split(uri)
        extra = {"ContentType": content_type} if content_type else {}
        try:
            self.client.upload_file(str(source), bucket, key, ExtraArgs=extra)
        except (ClientError, BotoCoreError) as error:
            raise _explained(error, uri) from None
        except Boto3Error as error:  # it wraps what S3 said
            raise AwsFailed(f"{uri}: {error}") from None


def _explained(error: Exception, uri: str) -> Exception:
    if isinstance(error, ClientError) and aws.code_of(error) in ("404", "NoSuchKey", "NoSuchBucket"):
        return NoSuchResource(f"{uri}: no such object")
    return aws.explained(error) or error
