"""JSON text to Python values, exactly: every integer, NaN and the infinities, duplicate keys refused.

This is the reading that decides; ``jsonfast`` only gets to the same result sooner. The standard library's
scanner is used for what others lose: orjson turns integers beyond 64 bits into doubles and forgets
duplicates, simdjson knows no NaN.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from neuronserve.errors import MalformedBody

Body = bytes | bytearray | memoryview
_BLANK = " \t\r\n"
BOM = b"\xef\xbb\xbf"
MOST_DOCUMENTS = 1_000_000  # about 3 s of work
_HEAD, _BLOCK, _LF = 1 << 16, 1 << 20, 10
DEEPEST = 64  # numpy has no more dimensions


class Named(float):
    """NaN or an infinity that was written as such, and not a number too large for a double."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        raise MalformedBody(f'the key "{twice[:100]}" occurs twice in one object')
    return result


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=Named)


def text(body: Body) -> str:
    """The body as text, without a byte order mark. MalformedBody: it is no UTF-8."""
    try:
        return str(body, "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise MalformedBody(
            f"the body is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}"
        ) from None


def documents(body: Body) -> list[Any]:
    """The JSON documents in ``body``, one or several separated by white space.

    MalformedBody: empty, no JSON, nested too deeply, or an object with a key twice.
    """
    if len(body) > MOST_DOCUMENTS and _lines_beyond(body):
        raise _too_many()
    source = text(body)
    found = []
    at, stop = _next(source, 0, first=True), len(source)
    while stop > at and source[stop - 1] in _BLANK:
        stop -= 1
    try:
        while at < stop:
            value, end = _DECODER.raw_decode(source, at)
            found.append(value)
            at = _next(source, end)
            if len(found) > MOST_DOCUMENTS:
                raise _too_many()
    except json.JSONDecodeError as error:
        raise MalformedBody(f"the body is not JSON: {error}", hint=_advice(source, error.pos)) from None
    except RecursionError:
        raise MalformedBody(f"the JSON is nested deeper than {DEEPEST} levels") from None
    except ValueError:  # Python bounds the digits of one integer
        limit = sys.get_int_max_str_digits()
        raise MalformedBody(
            f"the body holds a number that cannot be read: it has more than {limit} digits"
        ) from None
    if not found:
        raise MalformedBody("the body is empty", hint='send for example {"instances": [[1.0, 2.0, 5.0]]}')
    return found


def _lines_beyond(body: Body) -> bool:
    """Whether the first line is a whole document, and more lines follow than there may be documents."""
    marks = np.frombuffer(body, np.uint8)
    head = bytes(marks[:_HEAD]).removeprefix(BOM).lstrip()
    line = head.partition(b"\n")[0]
    try:
        _DECODER.decode(line.decode())
    except (ValueError, MalformedBody, RecursionError):
        return False
    count = 0
    for at in range(0, len(marks), _BLOCK):
        ends = marks[at : at + _BLOCK + 1] == _LF
        count += int(np.count_nonzero(ends[:-1] & ~ends[1:]))  # runs of line ends, but for the body's last
    return count >= MOST_DOCUMENTS


def _too_many() -> MalformedBody:
    return MalformedBody(f"the body holds more than {MOST_DOCUMENTS} JSON documents")


def _next(source: str, end: int, *, first: bool = False) -> int:
    """Where the document after the one that ended at ``end`` begins."""
    at = end
    while at < len(source) and source[at] in _BLANK:
        at += 1
    if at == end and at < len(source) and not first:
        raise json.JSONDecodeError("Extra data", source, end)
    return at


def _advice(source: str, at: int) -> str:
    near = source[at : at + 20]
    return f"near {json.dumps(near)}" if near else "it ends too early"
