"""The result of an asynchronous request: an object in S3, where SageMaker puts it when it is there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.desk import Desk
from neuronserve.errors import AwsFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVERY = 2.0  # seconds
# S3 says "denied" of what is not there to those who may not list the bucket
_ABSENT = ("NoSuchKey", "AccessDenied")

Read = Callable[[str], bytes | None]
"""The object at an ``s3://`` URI; None while there is none."""


@dataclasses.dataclass(frozen=True)
class Result:
    """``failed``: the body is that of the failure's object."""

    body: bytes
    failed: bool


def wait(desk: Desk, read: Read, answer: Mapping[str, Any], seconds: float) -> Result:
    """Until there is a result or a failure. Raises TimedOut; the request goes on."""
    places = [(answer.get("OutputLocation"), False), (answer.get("FailureLocation"), True)]
    wanted = [(str(uri), failed) for uri, failed in places if uri]
    if not wanted:
        raise AwsFailed("SageMaker named no place for the result")

    def look() -> Result | None:
        for uri, failed in wanted:
            body = read(uri)
            if body is not None:
                return Result(body, failed)
        return None

    return desk.until(
        look,
        what=f"result at {wanted[0][0]}",
        seconds=seconds,
        every=_EVERY,
        hint="the request goes on, --timeout waits longer; without s3:GetObject there it is never seen",
    )


def from_s3(client: S3Client) -> Read:
    """``read`` raises what S3 says, unless it is that there is nothing."""

    def read(uri: str) -> bytes | None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            return client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return None
            raise

    return read


def from_folder(folder: Path) -> Read:
    """What a rehearsal takes for S3: ``s3://bucket/key`` is ``folder/bucket/key``."""

    def read(uri: str) -> bytes | None:
        try:
            return (folder / uri.removeprefix("s3://")).read_bytes()
        except FileNotFoundError:
            return None

    return read
