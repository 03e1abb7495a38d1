"""JSON values to tensors, checked against a signature, with TF Serving's texts."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from neuronserve.cpuserver import dtypes
from neuronserve.cpuserver.rest.text import kind, show
from neuronserve.cpuserver.status import Code, StatusError, invalid
from neuronserve.cpuserver.tensorproto import Array

_FLOATS = {1: 24, 2: 53, 14: 8, 19: 11}  # dtype: binary digits of its mantissa
_INTEGERS = (3, 4, 5, 6, 9, 17, 22, 23)
_BOOL = 10


def is_base64(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def from_base64(value: Any) -> bytes:
    """The bytes of ``{"b64": "..."}``."""
    if not is_base64(value):
        raise invalid(f"JSON Value: {show(value)} not formatted correctly for base64 data")
    try:
        text = value["b64"].strip()
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None


def tensor(value: Any, dtype: int) -> Array:
    """The array of a nested list, whose shape is that of its first elements; all must agree with it."""
    shape = _shape(value)
    leaves: list[Any] = []
    _collect(value, 0, shape, _converter(dtype), leaves)
    if dtype == dtypes.STRING:
        array = np.empty(len(leaves), dtype=object)
        array[:] = leaves
        return array.reshape(shape)
    return np.array(leaves, dtype=dtypes.numpy_dtype(dtype)).reshape(shape)


def _shape(value: Any) -> tuple[int, ...]:
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def _collect(
    value: Any, level: int, shape: tuple[int, ...], convert: Callable[[Any], Any], leaves: list[Any]
) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {show(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {len(shape)}"
            )
        leaves.append(convert(value))
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    for item in value:
        _collect(item, level + 1, shape, convert, leaves)


def _converter(dtype: int) -> Callable[[Any], Any]:
    """What turns a JSON leaf into a value of the dtype, or raises."""
    if dtype == dtypes.STRING:
        return _string
    if dtype == _BOOL:
        return lambda value: value if isinstance(value, bool) else _mismatch(value, dtype)
    if dtype in _FLOATS:
        return lambda value: _float(value, dtype)
    if dtype in _INTEGERS:
        return lambda value: _integer(value, dtype)
    return lambda value: _unimplemented(value, dtype)


def _string(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, dict):
        return from_base64(value)
    return bytes(_mismatch(value, dtypes.STRING))


def _float(value: Any, dtype: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _mismatch(value, dtype)
    if isinstance(value, int):
        lossless = abs(value) <= (1 << _FLOATS[dtype]) - 1
    else:
        lossless = not math.isfinite(value) or abs(value) <= _largest(dtype)
    if not lossless:
        raise invalid(
            f"Cannot convert JSON value: {show(value)} to {dtypes.name(dtype)} without loss of precision."
        )
    return float(value)


def _largest(dtype: int) -> float:
    return {1: 3.4028234663852886e38, 14: 3.3895313892515355e38, 19: 65504.0}.get(dtype, math.inf)


def _integer(value: Any, dtype: int) -> int:
    bounds = np.iinfo(dtypes.numpy_dtype(dtype))
    if isinstance(value, bool) or not isinstance(value, int) or not bounds.min <= value <= bounds.max:
        _mismatch(value, dtype)
    return int(value)


def _mismatch(value: Any, dtype: int) -> Any:
    raise invalid(
        f"JSON Value: {show(value)} Type: {kind(value)} is not of expected type: {dtypes.name(dtype)}"
    )


def _unimplemented(value: Any, dtype: int) -> Any:
    raise StatusError(
        Code.UNIMPLEMENTED, f"Conversion of JSON Value: {show(value)} to type: {dtypes.name(dtype)}"
    )
