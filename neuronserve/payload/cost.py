"""What it may cost in memory to read a body, counted on its bytes before anything is made of them.

Python's objects cost up to 50 times the text that they were read from: ``{}`` 64 bytes, ``1,`` 32 and a place
in three lists. Each form counts the marks that objects come from. The figures are CPython's own
(``sys.getsizeof``, rounded up to what its allocator gives) and those of numpy's arrays; tests hold measured
peaks against them. docs/settings.md has the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from neuronserve.payload.media import Kind

Array = np.ndarray[Any, Any]
Body = bytes | bytearray | memoryview
Meter = Callable[[int], None]
"""Told how many bytes the next step may need beside the body; it raises where they are not there."""

FREE = 16 << 10  # bytes of a body that is not worth to be counted: the worst costs 1 MiB
_WHOLE = 2 << 20  # bytes: up to which the one parser that a worker keeps takes any document as a whole
_PARSED = 6  # of a byte of such a document: the doubles, and the array made of them
_DENSE, _SPARE = 8, 32 << 20  # of a byte, and bytes beyond: what may be taken to read a larger one as a whole
_COPIED = 2  # of a byte: in the parser, with room to grow
_NUMBER, _OPENED = 48, 24  # simdjson's indices and tape, for each; of a number, the double and the array
_LINE, _MANY_LINES = 100, 1 << 16  # bytes of Python's that each line is
_MARKS = 2  # of a byte: the marks, and those that an array of that shape has
RESULTS = 20  # of a byte of an answer that is read value by value
RAW = 3  # of a byte that is passed on: the array, and the message it is put into

# bytes for each, with what is made of it until there is an array
_VALUE = 88
_LIST = 120
_OBJECT = 110
_MEMBER = 150
_STRING = 100
_FIELD = 24  # of CSV, as numbers; fields of a block are objects, and those are bounded
_TEXT_FIELD = 160
_ARCHIVED = 2000  # an entry of a zip archive
_MOST_DOCUMENTS = 1_000_000
_TO_WHOLE = 28  # doubles, whether they are whole, and what becomes of them
_SENT = 6  # of a byte of an array: in the message, serialized, with gRPC; twice and as a tensor in the server
_TEXT_SENT = 100
_OUTPUT_OBJECT = 250
_TYPED = 60
_DIGITS = {"bool": 6, "int8": 5, "uint8": 4, "int16": 7, "uint16": 6, "int32": 12}
_FLOAT_DIGITS, _MOST_DIGITS = 15, 25
_PART = 1 << 20


def nothing(_: int) -> None:
    """Does not count."""


def of_whole(body: Body) -> int | None:
    """Numbers in JSON, parsed as a whole: several times as quick as in blocks. None: it takes too much."""
    if len(body) <= _WHOLE:
        return _PARSED * len(body)
    needed = _COPIED * len(body) + _count(body, b",") * _NUMBER + _count(body, b"[{") * _OPENED
    return needed if needed <= _DENSE * len(body) + _SPARE else None


def of_lines(body: Body) -> int | None:
    """The same of JSON lines, which are joined to one document first."""
    whole, lines = of_whole(body), _count(body, b"\n")
    if whole is None or lines > _MANY_LINES:
        return None
    return whole + _COPIED * len(body) + lines * _LINE


def of_numbers(body: Body) -> int:
    """Read in blocks into an array."""
    if len(body) <= _WHOLE:
        return _PARSED * len(body)
    return _MARKS * len(body) + 8 * (_count(body, b",\n") + 1)


def of_json(body: Body) -> int:
    """Read value by value."""
    strings = _count(body, b'"') // 2
    lists, objects = _count(body, b"["), _count(body, b"{")
    values = _count(body, b",") + 1 + min(_count(body, b" \t\r\n"), _MOST_DOCUMENTS)
    width = _width(body)
    copies = (2 * width + 2) if strings else width + 1
    return (
        len(body) * copies
        + values * _VALUE
        + lists * _LIST
        + objects * _OBJECT
        + _count(body, b":") * _MEMBER
        + strings * _STRING
    )


def of_csv(body: Body, *, texts: bool) -> int:
    """Read row by row; ``texts``: fields stay strings."""
    fields = _count(body, b",\r\n") + 1
    return len(body) * (_width(body) + 1) + fields * (_TEXT_FIELD if texts else _FIELD)


def of_cast(array: Array, target: np.dtype[Any]) -> int:
    """An array that is brought to another dtype; 0 where it is a view of the body."""
    if array.dtype == target and array.flags.c_contiguous:
        return 0
    if target.kind == "O":
        return int(array.size * (array.dtype.itemsize + _TEXT_FIELD))
    if array.dtype.kind == "f" and target.kind in "iu":
        return int(array.size) * _TO_WHOLE
    return int(array.size * (array.dtype.itemsize + 2 * target.itemsize + 4))


def of_messages(arrays: Mapping[str, Array], padded: float = 1.0) -> int:
    """Messages for the model servers, and what these make of them. ``padded``: rows sent for each."""
    total = 0
    for array in arrays.values():
        texts = array.dtype == object
        total += _SENT * (sum(map(len, array.ravel())) if texts else array.nbytes)
        total += array.size * _TEXT_SENT if texts else 0
    return int(total * padded)


def of_answer(arrays: Mapping[str, Array], kind: Kind) -> int:
    """What encoding takes."""
    return sum(_of_output(array, kind, alone=len(arrays) == 1) for array in arrays.values())


def _of_output(array: Array, kind: Kind, *, alone: bool) -> int:
    if array.dtype == object:
        return int(array.size) * _OUTPUT_OBJECT + 4 * sum(map(len, array.ravel()))
    if kind in (Kind.NPY, Kind.NPZ):
        return 4 * int(array.nbytes)
    if kind is Kind.PROTOBUF:
        return int(array.size) * _TYPED
    if not alone:
        return int(array.size) * _OUTPUT_OBJECT
    floats = array.dtype.kind in "fV" and array.dtype.itemsize < 8
    digits = _FLOAT_DIGITS if floats else _DIGITS.get(array.dtype.name, _MOST_DIGITS)
    return int(array.size) * 3 * digits  # the text grows by doubling, and is joined


def of_archive(body: Body, unpacked: int) -> int:
    """A zip archive's members, and a copy of the body that zipfile reads from."""
    return len(body) + 2 * unpacked


def entries(body: Body) -> int:
    """What the list of a zip archive's members takes, by the marks that begin each entry."""
    text = bytes(body) if isinstance(body, memoryview) else body
    return len(text) + text.count(b"PK\x01\x02") * _ARCHIVED


def _width(body: Body) -> int:
    """Bytes that Python takes for each character, and those of the narrower text that it widens."""
    highest = max((int(part.max()) for part in _parts(body)), default=0)
    return 1 if highest < 0x80 else 5 if highest >= 0xF0 else 3 if highest >= 0xC4 else 2


def _count(body: Body, marks: bytes) -> int:
    """How many of these bytes there are, at a quarter of a nanosecond each."""
    return sum(int(np.count_nonzero(part == mark)) for part in _parts(body) for mark in marks)


def _parts(body: Body) -> Iterator[Array]:
    whole = np.frombuffer(body, np.uint8)
    return (whole[at : at + _PART] for at in range(0, len(whole), _PART))
