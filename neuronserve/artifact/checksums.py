"""What a store says about an object's bytes: check sums, and ETags that are one.

S3 keeps a check sum of the whole object (FULL_OBJECT), or for uploads in several parts one over the check
sums of the parts (COMPOSITE, written ``value-3`` for three parts). An ETag is the MD5 of what came in one
part, or ``MD5 over the parts' MD5s-3``; with SSE-KMS and SSE-C, and in directory buckets, it is neither.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from typing import Any

# in the order in which one is preferred: quick ones first
ALGORITHMS = {
    "CRC64NVME": "crc64nvme", "CRC32C": "crc32c", "CRC32": "crc32", "XXHASH3": "xxhash3",
    "XXHASH64": "xxhash64", "XXHASH128": "xxhash128", "SHA256": "sha256", "SHA1": "sha1", "SHA512": "sha512",
    "MD5": "md5",
}  # fmt: skip
_LENGTHS = {
    "crc64nvme": 8, "crc32c": 4, "crc32": 4, "xxhash3": 8, "xxhash64": 8, "xxhash128": 16, "sha256": 32,
    "sha1": 20, "sha512": 64, "md5": 16,
}  # fmt: skip
_MOST_PARTS = 10_000  # S3's own limit


@dataclasses.dataclass(frozen=True)
class Sum:
    """``value`` (hex) is an object's hash by ``algorithm``; with ``parts``, that of so many parts' hashes.

    ``origin`` says who said so, in words.
    """

    algorithm: str
    value: str
    origin: str
    parts: int = 0


def stated(bucket: str, answer: Any) -> tuple[Sum, ...]:
    """What HeadObject tells of an object's bytes; nothing where nothing can be computed here."""
    etag = _of_etag(answer["ETag"])
    kind = answer.get("ChecksumType", "")
    if not kind and etag and etag[0].parts:
        kind = "COMPOSITE"  # a store from before there were types, and of parts: only "...-3" is clear
    found = tuple(
        one
        for name, algorithm in ALGORITHMS.items()
        if (one := _sum(algorithm, answer.get(f"Checksum{name}", ""), name, kind))
    )
    if found:
        return found
    encryption = answer.get("ServerSideEncryption", "AES256")
    if encryption != "AES256" or "SSECustomerAlgorithm" in answer or bucket.endswith("--x-s3"):
        return ()
    return etag


def _of_etag(etag: str) -> tuple[Sum, ...]:
    found = re.fullmatch("([0-9a-f]{32})(?:-([1-9][0-9]{0,4}))?", etag.strip('"').lower())
    parts = int(found[2] or 0) if found else 0
    if not found or parts > _MOST_PARTS:
        return ()
    return (Sum("md5", found[1], "the store's ETag", parts),)


def _sum(algorithm: str, text: str, name: str, kind: str) -> Sum | None:
    composite = kind == "COMPOSITE" and algorithm != "crc64nvme"  # which is always of the whole object
    value, dash, count = text.partition("-")
    try:
        raw = base64.b64decode(value, validate=True)
    except ValueError:
        return None
    parts = int(count) if re.fullmatch("[1-9][0-9]{0,4}", count) else 0
    if len(raw) != _LENGTHS[algorithm] or (dash and not 0 < parts <= _MOST_PARTS) or (composite and not dash):
        return None
    return Sum(algorithm, raw.hex(), f"the store's {name} check sum", parts)
