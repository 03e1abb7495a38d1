"""simdjson's parsers, and their buffers as arrays of the signature's dtype.

A parser reuses its memory for the next document, and refuses while proxies of the last one live; so proxies
stay in local names, and arrays are copies. Parsers are few, since parsing holds the interpreter's lock: one
for each thread would hold 10 MB each after an image.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import simdjson

from neuronserve.payload.cast import doubles_are_whole, to_float, to_int
from neuronserve.payload.signature import TensorSpec

Array = np.ndarray[Any, Any]
_KEPT = 16 << 20  # bytes: a parser holds several times its largest document for ever, so that is bounded
_idle: list[Any] = []


class Unsure(Exception):
    """The quick reading cannot tell."""


@contextmanager
def lent(size: int) -> Iterator[Any]:
    """A parser for documents of ``size`` bytes. No proxy of what it parsed may live at the end.

    It is the one that was used last: its memory is the one in the processor's cache.
    """
    try:
        parser = _idle.pop()
    except IndexError:
        parser = simdjson.Parser()
    try:
        yield parser
    finally:
        if size <= _KEPT:
            _idle.append(parser)


def parse(parser: Any, body: bytes | bytearray) -> Any:
    """The document's proxy (or scalar). Unsure: no single document that simdjson takes."""
    try:
        return parser.parse(body)
    except (ValueError, RuntimeError) as error:
        raise Unsure from error


def numbers(proxy: Any, spec: TensorSpec) -> Array:
    """All numbers in nested arrays, flat, in the dtype of ``spec``.

    Unsure: something else is among them, or a number that the dtype may not take.
    InputMismatch: one that it does not.
    """
    try:
        if spec.kind == "float":
            return to_float(np.frombuffer(proxy.as_buffer(of_type="d"), np.float64), spec)
        if spec.kind == "int":
            return _integers(proxy, spec)
    except (TypeError, ValueError) as error:
        raise Unsure from error
    raise Unsure


def _integers(proxy: Any, spec: TensorSpec) -> Array:
    try:
        whole: Array = np.frombuffer(proxy.as_buffer(of_type="i"), np.int64)
    except ValueError:  # beyond int64
        whole = np.frombuffer(proxy.as_buffer(of_type="u"), np.uint64)
    except TypeError:  # some were written as 1.0
        doubles = np.frombuffer(proxy.as_buffer(of_type="d"), np.float64)
        if not doubles_are_whole(doubles):
            raise Unsure from None
        whole = doubles
    return to_int(whole, spec)
