"""What a store says about an object's bytes: check sums, and ETags that are one."""

from __future__ import annotations

import base64
import re
from typing import Any

from neuronserve.artifact.digests import Expected
from neuronserve.artifact.location import S3Location
from neuronserve.artifact.objects import RemoteObject


def described(at: S3Location, answer: Any, *, fatal: bool) -> RemoteObject:
    """What HeadObject tells, with every check sum of the whole object that can be computed here."""
    whole = answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    sums = {
        name: _hex(answer.get(f"Checksum{name}", "")) if whole else "" for name in ("CRC32", "SHA256", "SHA1")
    }
    expected = tuple(
        Expected((name.lower(),), sums[name], f"the store's {name} check sum", fatal)
        for name in ("SHA256", "SHA1")
        if sums[name]
    )
    encrypted = answer.get("ServerSideEncryption", "AES256") != "AES256" or "SSECustomerAlgorithm" in answer
    if not expected and not sums["CRC32"] and not encrypted:
        expected = md5(at.bucket, answer["ETag"], fatal=fatal)
    version = answer.get("VersionId", "")
    return RemoteObject(
        at.bucket,
        at.key,
        answer["ContentLength"],
        answer["ETag"],
        version="" if version == "null" else version,
        crc32=int(sums["CRC32"], 16) if sums["CRC32"] else None,
        expected=expected,
    )


def md5(bucket: str, etag: str, *, fatal: bool) -> tuple[Expected, ...]:
    """An ETag is an object's MD5 when it came in one part; in directory buckets never."""
    value = etag.strip('"').lower()
    if bucket.endswith("--x-s3") or not re.fullmatch("[0-9a-f]{32}", value):
        return ()
    return (Expected(("md5",), value, "the store's ETag", fatal),)


def _hex(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).hex()
    except ValueError:
        return ""  # of parts: "...-3"
