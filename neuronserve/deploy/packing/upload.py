"""An archive -> S3: the same content is not sent again, other content is not replaced unasked."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3.s3.transfer
from botocore.exceptions import ClientError

from neuronserve.deploy import s3
from neuronserve.deploy.aws import Aws, code_of
from neuronserve.deploy.packing.archive import Packed
from neuronserve.errors import InvalidInput

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MARK = "sha256"  # of the object's metadata: S3's own checksum of parts is not that of the whole
_ONE_CALL = 64 << 20  # bytes; larger archives go in parts
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "412")


@dataclasses.dataclass(frozen=True)
class Target:
    """``kms_key`` "": as the bucket says. ``overwrite``: other content that is there is replaced."""

    bucket: str
    key: str
    kms_key: str = ""
    overwrite: bool = False

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def target(address: str, file: str, *, kms_key: str = "", overwrite: bool = False) -> Target:
    """Where ``file`` (such as ``model.tar.gz``) goes; an address that ends in ``/`` is a prefix.

    Raises InvalidInput.
    """
    found = s3.any_key("--upload", address)
    if not found.key or found.key.endswith("/"):
        found = found.below(file)
    elif not found.key.endswith(".tar.gz"):
        raise InvalidInput(
            f"--upload {address}: SageMaker takes keys that end in .tar.gz", hint=f"{address}/"
        )
    return Target(found.bucket, found.key, kms_key, overwrite)


def sent(aws: Aws, packed: Packed, to: Target) -> bool:
    """Whether it was sent: False when that very content is there. Raises InvalidInput for other content."""
    there = _there(aws.s3, to)
    if there is not None:
        if _same(there, packed):
            return False
        if not to.overwrite:
            raise _other(to)
    digest = packed.sha256.partition(":")[2]
    options: dict[str, Any] = {"ContentType": "application/gzip", "Metadata": {_MARK: digest}}
    if to.kms_key:
        options |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": to.kms_key}
    if packed.size <= _ONE_CALL:
        _at_once(aws.s3, packed, to, options, bytes.fromhex(digest))
    else:
        config = boto3.s3.transfer.TransferConfig(multipart_chunksize=_ONE_CALL, max_concurrency=4)
        aws.s3.upload_file(
            str(packed.path), to.bucket, to.key,
            ExtraArgs={**options, "ChecksumAlgorithm": "SHA256"}, Config=config,
        )  # fmt: skip
    return True


def _there(client: S3Client, to: Target) -> Mapping[str, Any] | None:
    try:
        return client.head_object(Bucket=to.bucket, Key=to.key, ChecksumMode="ENABLED")
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchKey", "NotFound"):
            return None
        if code_of(error) in ("403", "AccessDenied"):
            return None  # it may not be looked at, or is not there: S3 says the same of both: sending tells
        raise


def _same(there: Mapping[str, Any], packed: Packed) -> bool:
    digest = packed.sha256.partition(":")[2]
    own = base64.b64encode(bytes.fromhex(digest)).decode()
    known = there.get("Metadata", {}).get(_MARK) == digest or there.get("ChecksumSHA256") == own
    return there["ContentLength"] == packed.size and known


def _at_once(client: S3Client, packed: Packed, to: Target, options: Mapping[str, Any], digest: bytes) -> None:
    unless: dict[str, Any] = {} if to.overwrite else {"IfNoneMatch": "*"}
    with packed.path.open("rb") as body:
        try:
            client.put_object(
                Bucket=to.bucket, Key=to.key, Body=body,
                ChecksumSHA256=base64.b64encode(digest).decode(), **unless, **options,
            )  # fmt: skip
        except ClientError as error:
            if code_of(error) in _TAKEN:
                raise _other(to) from None
            raise


def _other(to: Target) -> InvalidInput:
    return InvalidInput(
        f"{to} is there, with other content",
        hint="an endpoint that uses it would change with its next instance: another key, or --overwrite",
    )
