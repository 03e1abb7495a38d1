"""application/vnd.amazon.eventstream, written: botocore only reads it.

A message is: total length, length of the headers, CRC of these two; headers; payload; CRC of all before.
A header is: length of its name, name, 7 (text), length of its value, value. Numbers are big-endian.
"""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Mapping

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_TEXT = 7


def part(data: bytes) -> bytes:
    """A PayloadPart."""
    return message(
        {":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event"},
        data,
    )


def exception(kind: str, document: bytes) -> bytes:
    """An exception that ends the stream, such as ModelStreamError; ``document`` is JSON."""
    return message(
        {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}, document
    )


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    begun = prelude + struct.pack("!I", crc32(prelude)) + head + payload
    return begun + struct.pack("!I", crc32(begun))


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack("!B", len(name)) + name + struct.pack("!BH", _TEXT, len(value)) + value
