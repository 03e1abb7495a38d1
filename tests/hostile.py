"""Parts of a tar as no honest program writes them: any field may claim anything, with a right check sum."""

from __future__ import annotations

import struct

BLOCK = 512


def header(name: bytes, size: int = 0, kind: bytes = b"0", link: bytes = b"", **fields: bytes) -> bytes:
    """One block. ``fields``: mtime, uid, mode, as they stand there."""
    block = bytearray(BLOCK)
    parts = {
        0: (name, 100),
        100: (fields.get("mode", b"0000644\0"), 8),
        108: (fields.get("uid", b"0000000\0"), 8),
        124: (number(size), 12),
        136: (fields.get("mtime", b"00000000000\0"), 12),
        156: (kind, 1),
        157: (link, 100),
        257: (b"ustar  \0", 8),
    }
    for at, (value, length) in parts.items():
        block[at : at + length] = value[:length].ljust(length, b"\0")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def number(value: int) -> bytes:
    """Twelve bytes: octal, or GNU tar's base-256."""
    if value < 0:
        return b"\xff" * 4 + struct.pack(">q", value)
    return b"%011o\0" % value if value < 8**11 else b"\x80" + value.to_bytes(11, "big")


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK)


def record(key: bytes, value: bytes) -> bytes:
    """Of a pax header: its length counts itself."""
    rest = b" " + key + b"=" + value + b"\n"
    size = len(rest)
    while len(str(size)) + len(rest) != size:
        size = len(str(size)) + len(rest)
    return b"%d" % size + rest


def extended(kind: bytes, content: bytes) -> bytes:
    """A header that says something of the next: L, K, x or g."""
    return header(b"././@LongLink", len(content), kind) + padded(content)
