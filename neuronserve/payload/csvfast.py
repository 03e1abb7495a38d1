"""Large numeric CSV, sooner than field by field: its lines are read as JSON arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuronserve.payload import blocks, skeleton
from neuronserve.payload.jsontext import BOM
from neuronserve.payload.signature import TensorSpec
from neuronserve.payload.simd import Unsure

_SMALL = 512  # bytes: below, field by field is as quick


def table(body: bytes | bytearray | memoryview, spec: TensorSpec) -> np.ndarray[Any, Any] | None:
    """The table ``[n, k]`` in the dtype of ``spec``.

    None where this cannot tell: quotes, numbers that JSON does not know (``.5``, ``+1``, ``nan``), ragged or
    empty lines, and every fault; the exact reading finds the words.
    """
    if len(body) < _SMALL:
        return None
    text = bytes(body).removeprefix(BOM).replace(b"\r\n", b"\n").rstrip(b"\n")
    if b"\r" in text:
        return None  # a line end of its own, which JSON would take for white space
    rows, columns = text.count(b"\n") + 1, text.partition(b"\n")[0].count(b",") + 1
    if not skeleton.is_table(text, rows, columns):
        return None
    try:
        return blocks.table(text, rows, columns, spec)
    except Unsure:
        return None
