"""JSON text to Python values, exactly: every integer, NaN and the infinities, duplicate keys refused.

This is the reading that decides; ``jsonfast`` only gets to the same result sooner. The standard library's
scanner is used for what others lose: orjson turns integers beyond 64 bits into doubles and forgets
duplicates, simdjson knows no NaN.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from neuronserve.errors import MalformedBody

Body = bytes | bytearray | memoryview
_BLANK = " \t\r\n"
BOM = b"\xef\xbb\xbf"
MOST_DOCUMENTS = 1_000_000  # about 3 s of work
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
    source = text(body).strip(_BLANK)
    found = []
    at = 0
    try:
        while at < len(source):
            value, end = _DECODER.raw_decode(source, at)
            found.append(value)
            at = _next(source, end)
            if len(found) > MOST_DOCUMENTS:
                raise MalformedBody(f"the body holds more than {MOST_DOCUMENTS} JSON documents")
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


def _next(source: str, end: int) -> int:
    """Where the document after the one that ended at ``end`` begins."""
    at = end
    while at < len(source) and source[at] in _BLANK:
        at += 1
    if at == end and at < len(source):
        raise json.JSONDecodeError("Extra data", source, end)
    return at


def _advice(source: str, at: int) -> str:
    near = source[at : at + 20]
    return f"near {json.dumps(near)}" if near else "it ends too early"
