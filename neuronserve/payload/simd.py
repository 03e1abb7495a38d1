"""simdjson's parser, one per thread, and its buffers as arrays of the signature's dtype.

A parser reuses its memory for the next document, so nothing here may outlive the call that parsed: arrays are
copies, and proxies stay in local names.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import simdjson

from neuronserve.payload.cast import doubles_are_whole, to_float, to_int
from neuronserve.payload.signature import TensorSpec

Array = np.ndarray[Any, Any]
_KEPT = 16 << 20  # bytes: a parser holds several times its largest document for ever, so that is bounded
_local = threading.local()


class Unsure(Exception):
    """The quick reading cannot tell."""


def parse(body: bytes | bytearray) -> Any:
    """The document's proxy (or scalar). Unsure: no single document that simdjson takes."""
    try:
        return _parser(len(body)).parse(body)
    except (ValueError, RuntimeError) as error:
        raise Unsure from error


def _parser(size: int) -> Any:
    if size > _KEPT:
        return simdjson.Parser()
    if not hasattr(_local, "parser"):
        _local.parser = simdjson.Parser()
    return _local.parser


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
