"""Answers against those expected: the first difference, in words.

Floating point is compared within tolerances: by default neuron-cc casts all of a float32 model to bfloat16,
neuronx-cc its matrix multiplications (AWS Neuron SDK documentation, "Mixed precision and performance-accuracy
tuning" of each). bfloat16 rounds by up to 2**-8 of a value, and what was added up of larger values may be
further off near 0: hence 1e-2 relative and 1e-3 absolute. All else must be equal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuronserve.payload import dtypes, shapes

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]
_LONGEST = 60  # characters of one value


@dataclasses.dataclass(frozen=True)
class Tolerance:
    """``|got - expected| <= atol + rtol * |expected|`` is near enough."""

    rtol: float = 1e-2
    atol: float = 1e-3

    def __str__(self) -> str:
        return f"rtol {self.rtol:g}, atol {self.atol:g}"


def difference(expected: Arrays, got: Arrays, tolerance: Tolerance) -> str:
    """The first difference; empty when there is none.

    Names, shapes and kinds (float, int, bool, string) must be the same; of what width the numbers are does
    not matter. Floats within ``tolerance``, where NaN equals NaN and an infinity only itself; others exactly.
    """
    if expected.keys() != got.keys():
        return f"the model answered {_names(got)}, and {_names(expected)} was expected"
    for name, array in expected.items():
        told = _of_output(array, got[name], tolerance)
        if told:
            return f'output "{name}"{told}'
    return ""


def _of_output(expected: Array, got: Array, tolerance: Tolerance) -> str:
    wanted, kind = dtypes.kind(expected.dtype), dtypes.kind(got.dtype)
    if wanted != kind:
        return f": expected {wanted} values, got {got.dtype.name}"
    if expected.shape != got.shape:
        return f": expected shape {shapes.text(expected.shape)}, got {shapes.text(got.shape)}"
    if kind != "float":
        return _first(np.asarray(np.not_equal(expected, got), bool), expected, got, "")
    with np.errstate(invalid="ignore", over="ignore"):
        far, near = got.astype(np.float64), _as_wide_as(got, expected)
        bad = np.asarray(~np.isclose(far, near, tolerance.rtol, tolerance.atol, equal_nan=True))
        if not bad.any():
            return ""
        gaps = np.abs(far - near)[bad]
    worst = gaps[np.isfinite(gaps)].max(initial=0.0)
    return _first(bad, expected, got, f"; the largest difference is {worst:g}; tolerance {tolerance}")


def _as_wide_as(got: Array, expected: Array) -> Array:
    """``expected`` rounded as the model's output is: the text 0.1 stands for a float32 that is not 0.1."""
    rounded = expected.astype(got.dtype).astype(np.float64)
    return np.where(np.isinf(rounded), expected, rounded)


def _first(bad: Array, expected: Array, got: Array, more: str) -> str:
    if not bad.any():
        return ""
    at = np.unravel_index(int(np.argmax(bad)), bad.shape) if bad.ndim else ()
    place = "".join(f"[{i}]" for i in at)
    count = f"{int(bad.sum())} of {bad.size} values differ"
    return f"{place}: expected {_told(expected[at])}, got {_told(got[at])}; {count}{more}"


def _told(value: Any) -> str:
    text = repr(value) if isinstance(value, bytes) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _names(arrays: Arrays) -> str:
    return ", ".join(f'"{name}"' for name in sorted(arrays)) or "nothing"
