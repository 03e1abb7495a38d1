"""Media types: what a Content-Type header means.

Case does not matter, parameters are tolerated, a charset other than UTF-8 is refused for text. An absent
Content-Type means ``application/json``, by far the commonest body; curl's default
(``application/x-www-form-urlencoded``) is refused with the header to set, since it is nobody's intent.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum

from neuronserve.errors import UnsupportedMediaType


class Kind(StrEnum):
    """A family of media types that are read and written alike; the value is its usual name."""

    JSON = "application/json"
    LINES = "application/jsonlines"
    CSV = "text/csv"
    NPY = "application/x-npy"
    NPZ = "application/x-npz"
    PROTOBUF = "application/x-protobuf"
    RAW = "application/octet-stream"


NAMES: Mapping[str, Kind] = {
    "application/json": Kind.JSON,
    "text/json": Kind.JSON,
    "application/jsonlines": Kind.LINES,
    "application/jsons": Kind.LINES,
    "application/x-jsonlines": Kind.LINES,
    "application/x-ndjson": Kind.LINES,
    "text/csv": Kind.CSV,
    "application/x-npy": Kind.NPY,
    "application/vnd+python.numpy+binary": Kind.NPY,
    "application/x-npz": Kind.NPZ,
    "application/x-protobuf": Kind.PROTOBUF,
    "application/protobuf": Kind.PROTOBUF,
    "application/vnd.google.protobuf": Kind.PROTOBUF,
    "application/octet-stream": Kind.RAW,
}
_TEXT = (Kind.JSON, Kind.LINES, Kind.CSV)
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
LONGEST = 2000  # characters of a header: to split a quoted one takes time with the square of its length
TAKEN = "application/json, application/jsonlines, text/csv, application/x-npy, application/x-npz, \
application/x-protobuf, application/octet-stream or image/*"


@dataclass(frozen=True)
class MediaType:
    """``kind``, the name in lower case as the client wrote it, and its parameters (names in lower case)."""

    kind: Kind
    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)


JSON = MediaType(Kind.JSON, "application/json")


@functools.lru_cache(maxsize=256)
def parse(content_type: str | None) -> MediaType:
    """The media type of a request. UnsupportedMediaType: unknown, or not in UTF-8."""
    if content_type is None or not content_type.strip():
        return JSON
    if len(content_type) > LONGEST:
        raise UnsupportedMediaType(f"Content-Type has more than {LONGEST} characters")
    name, parameters = split(content_type)
    kind = Kind.RAW if name.startswith("image/") else NAMES.get(name)
    if kind is None:
        raise UnsupportedMediaType(f'Content-Type "{content_type[:200]}" is not taken', hint=_advice(name))
    charset = parameters.get("charset", "utf-8")
    if kind in _TEXT and charset.lower() not in _CHARSETS:
        raise UnsupportedMediaType(f'charset "{charset[:50]}" is not taken', hint="send UTF-8")
    return MediaType(kind, name, parameters)


def split(value: str) -> tuple[str, dict[str, str]]:
    """The name in lower case, and the parameters unquoted: ``text/csv; header="present"``."""
    if ";" not in value:
        return value.strip().lower(), {}
    message = Message()
    message["Content-Type"] = value.replace("\r", " ").replace("\n", " ")
    (name, _), *rest = message.get_params(failobj=[(value, "")], header="content-type")
    return name.strip().lower(), {key.strip().lower(): str(text).strip() for key, text in rest if key}


def _advice(name: str) -> str:
    if name == "application/x-www-form-urlencoded":
        return "this is curl's default; add -H 'Content-Type: application/json' (and use --data-binary)"
    return f"send {TAKEN}"
