"""Whether an answer is one that S3 gives: login pages, proxies and half a store answer 200, too.

Each function raises NoAnswer (a TransferError) with what is wrong; what it lets pass can be relied on.
"""

from __future__ import annotations

import re
from typing import Any

from neuronserve.artifact.objects import RemoteObject
from neuronserve.errors import TransferError

_LARGEST = 1 << 50  # bytes; S3 ends at 50 TB
_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)")
_HINT = "check AWS_ENDPOINT_URL and the proxies: a login page, or a program that is no S3, may answer there"


class NoAnswer(TransferError):
    """The store's answer is none that S3 gives."""


def refused(what: str, why: str) -> NoAnswer:
    return NoAnswer(f"{what}: the store's answer is none of S3's: {why}", hint=_HINT)


def of_head(answer: Any, what: str) -> tuple[int, str]:
    """The size and the ETag that an answer to HEAD tells. Raises NoAnswer."""
    size, etag = answer.get("ContentLength"), answer.get("ETag")
    if not _is_size(size):
        raise refused(what, "it has no size" if size is None else f"its size is {size}")
    return int(size), _etag(etag, what, answer)


def of_part(answer: Any, what: str) -> tuple[int, int]:
    """The size of a part and how many there are (0: not told). Raises NoAnswer."""
    size, count = answer.get("ContentLength"), answer.get("PartsCount", 0)
    if not _is_size(size) or not isinstance(count, int):
        raise refused(what, "a part of it has no size")
    return int(size), count


def of_row(row: Any, what: str, prefix: str) -> tuple[str, int, str]:
    """Key, size and ETag of a row of a listing. Raises NoAnswer."""
    key, size, etag = row.get("Key"), row.get("Size"), row.get("ETag")
    if not key or not _is_size(size) or not etag:
        raise refused(what, "an object that it lists has no key, size or ETag")
    if not key.startswith(prefix):
        raise refused(what, "it lists objects outside of the prefix that it was asked for")
    return str(key), int(size), str(etag)


def of_page(page: Any, what: str) -> str:
    """The token of the next page of a listing, or "" for the last one. Raises NoAnswer."""
    if "IsTruncated" not in page:  # which every listing has, an empty one too
        raise refused(what, "it is no listing")
    if not page["IsTruncated"]:
        return ""
    if not page.get("NextContinuationToken"):
        raise refused(what, "the listing is cut, and does not say how it goes on")
    return str(page["NextContinuationToken"])


def of_range(answer: Any, one: RemoteObject, start: int, end: int) -> None:
    """Whether an answer to GET holds bytes ``start`` to ``end`` (not included). Raises NoAnswer."""
    what = str(one)
    status, length, told = answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("ContentLength"), ""
    whole = (start, end) == (0, one.size)
    if status == 206:
        found = _RANGE.fullmatch(told := answer.get("ContentRange", ""))
        if not found:
            raise refused(what, f"it is partial, and its Content-Range is {_shown(told) or 'absent'}")
        if (int(found[1]), int(found[2]) + 1) != (start, end) or found[3] not in ("*", str(one.size)):
            raise refused(
                what,
                f"bytes {start}-{end - 1}/{one.size} were asked for, and its Content-Range is {_shown(told)}",
            )
    elif status != 200:
        raise refused(what, f"its status is {status}")
    elif not whole:
        raise refused(what, "it ignores the range that was asked for" + _kind(answer))
    if length is not None and length != end - start:
        raise refused(what, f"it promises {length:,} bytes instead of {end - start:,}")


def _etag(etag: Any, what: str, answer: Any) -> str:
    if not etag:
        raise refused(what, "it has no ETag" + _kind(answer))
    if etag.startswith("W/"):
        raise refused(what, "its ETag is a weak one: something between changes the bytes")
    return str(etag)


def _kind(answer: Any) -> str:
    kind = str(answer.get("ContentType", "")).partition(";")[0].strip().lower()
    return f", and is {kind}" if kind in ("text/html", "application/xhtml+xml", "application/json") else ""


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value <= _LARGEST


def _shown(text: str) -> str:
    return repr(text[:60]) if text else ""
