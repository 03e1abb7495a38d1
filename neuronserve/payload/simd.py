"""simdjson's parser, and its buffers as arrays of the signature's dtype.

A parser reuses its memory for the next document, and refuses while proxies of the last one live; so proxies
stay in local names, and arrays are copies. There is one parser: it holds the interpreter's lock while it
works, so that more would only mean colder memory, and more of it (10 MB each after an image).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import simdjson

from neuronserve.payload.cast import doubles_are_whole, to_float, to_int
from neuronserve.payload.signature import TensorSpec

Array = np.ndarray[Any, Any]
_KEPT = 8 << 20  # bytes: the parser keeps the memory of its largest document for ever, so that is bounded
_GROWN = 2 << 20
_kept: list[Any] = []  # made when first needed
_lock = threading.Lock()


class Unsure(Exception):
    """The quick reading cannot tell."""


@contextmanager
def lent(size: int) -> Iterator[Any]:
    """A parser for documents of ``size`` bytes. No proxy of what it parsed may live at the end."""
    if size > _KEPT:
        yield simdjson.Parser()
        return
    with _lock:
        if not _kept:
            _kept.append(_grown())
        yield _kept[0]


def _grown() -> Any:
    """A parser with memory for all but large documents: while one grows it holds the old memory too.

    Of it the system gives only what is written to: 2 MiB until a document needs more.
    """
    parser = simdjson.Parser()
    parser.parse(b"0".rjust(_GROWN))
    return parser


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
