"""Protobuf files: they have no magic number, and show what they are by the fields at their top."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST = 4096  # fields that are looked at: a frozen graph has one for each node
_START = 256  # bytes of a field's content that are looked at

_Field = tuple[int, int, int, bytes]  # number, wire type, value or length, start of the content


class _NotProtobuf(Exception):
    pass


def of(file: BinaryIO, size: int) -> str:
    """The key of a format; "" for what is no protobuf message that we know."""
    try:
        fields = list(_fields(file, size))
    except _NotProtobuf:
        return ""
    if not fields:
        return ""
    numbers = {number for number, *_ in fields}
    first = fields[0]
    if first[:2] == (1, _VARINT):
        return _versioned(first[2], numbers, fields)
    if numbers <= {1, 2, 3, 4, 5} and all(_is_node(field[3]) for field in fields[:8] if field[0] == 1):
        return "graph" if first[:2] == (1, _BYTES) else ""
    return ""


def _versioned(version: int, numbers: set[int], fields: list[_Field]) -> str:
    """Messages that begin with a version: SavedModel, ONNX's ModelProto, Core ML's Model."""
    if numbers <= {1, 2} and version == 1 and _holds_a_message(fields):
        return "misnamed"
    if any(200 <= number < 4000 for number in numbers) and version < 100:
        return "coreml"
    return "onnx" if 7 in numbers and numbers <= set(range(1, 30)) and version < 1000 else ""


def _holds_a_message(fields: list[_Field]) -> bool:
    return any(number == 2 and kind == _BYTES and start[:1] == b"\x0a" for number, kind, _, start in fields)


def _is_node(start: bytes) -> bool:
    """Whether a field begins as a NodeDef does: its name, then its op."""
    try:
        name, op, *_ = _fields(io.BytesIO(start), len(start), cut=True)
    except (_NotProtobuf, ValueError):
        return False
    return (
        name[:2] == (1, _BYTES)
        and op[:2] == (2, _BYTES)
        and name[3].isascii()
        and op[3].decode("latin-1").isidentifier()
    )


def _fields(file: BinaryIO, size: int, *, cut: bool = False) -> Iterator[_Field]:
    """The fields at the top. Raises _NotProtobuf. ``cut``: the last one may reach beyond the end."""
    at = 0
    for _ in range(_MOST):
        file.seek(at)
        lead = file.read(20 + _START)
        if not lead:
            return
        key, used = _varint(lead, 0)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise _NotProtobuf
        if kind == _VARINT:
            value, used = _varint(lead, used)
            yield number, kind, value, b""
        elif kind == _BYTES:
            value, used = _varint(lead, used)
            if at + used + value > size and not cut:
                raise _NotProtobuf
            yield number, kind, value, lead[used : used + min(value, _START)]
            used += value
        elif kind in (_FIXED32, _FIXED64):
            used += 4 if kind == _FIXED32 else 8
            yield number, kind, 0, b""
        else:
            raise _NotProtobuf
        at += used


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise _NotProtobuf
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    raise _NotProtobuf
