"""JSON values to tensors, checked against a signature, with TF Serving's texts."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from neuronserve.cpuserver import dtypes
from neuronserve.cpuserver.rest.rapidjson import as_bytes, members
from neuronserve.cpuserver.rest.text import kind, show
from neuronserve.cpuserver.status import Code, StatusError, invalid
from neuronserve.cpuserver.tensorproto import Array

_FLOAT, _DOUBLE, _BOOL = 1, 2, 10
_INT32 = (-(2**31), 2**31 - 1)
# what TF Serving takes for a dtype; TensorFlow then wraps what is too large for one of the narrow ones
_BOUNDS: Final[dict[int, tuple[int, int]]] = {
    3: _INT32, 4: _INT32, 5: _INT32, 6: _INT32,
    9: (-(2**63), 2**63 - 1), 22: (0, 2**32 - 1), 23: (0, 2**64 - 1),
}  # fmt: skip
_SCALARS = {float, int, str, bool}  # a list of such needs no look at the levels of its items
_MOST_DIMENSIONS = 254  # of a TensorShape
_BASE64 = re.compile(rb"([A-Za-z0-9+/]*)([=.]*)")
_PADDING = {0: 0, 2: 2, 3: 1}  # letters of the last four -> signs of padding


def is_base64(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("b64"), str) and len(members(value)) == 1


def from_base64(value: Any) -> bytes:
    """The bytes of ``{"b64": "..."}``: white space anywhere, and no padding, are as good (Base64Unescape)."""
    if not is_base64(value):
        raise invalid(f"JSON Value: {show(value)} not formatted correctly for base64 data")
    match = _BASE64.fullmatch(b"".join(as_bytes(value["b64"]).split()))
    if (
        match is None
        or len(match[2]) not in (0, _PADDING.get(len(match[1]) % 4, 0))
        or len(match[1]) % 4 == 1
    ):
        raise invalid("Unable to base64 decode")
    return base64.b64decode(match[1] + b"=" * (-len(match[1]) % 4))


def tensor(value: Any, dtype: int) -> Array:
    """The array of a nested list, whose shape is that of its first elements; all must agree with it."""
    shape = _shape(value)
    if len(shape) > _MOST_DIMENSIONS:
        raise invalid(f"a tensor has {_MOST_DIMENSIONS} dimensions at most, this one has {len(shape)}")
    leaves: list[Any] = []
    _collect(value, 0, shape, dtype, leaves)
    return _array(leaves, dtype).reshape(shape)


def _array(leaves: list[Any], dtype: int) -> Array:
    target = dtypes.numpy_dtype(dtype)
    if target.hasobject:
        strings = np.empty(len(leaves), dtype=object)
        strings[:] = leaves
        return strings
    with np.errstate(over="ignore"):
        if dtype == _FLOAT:
            return np.array(leaves, np.float64).astype(target)  # infinite, where it is too large
        if _BOUNDS.get(dtype) == _INT32:
            return np.array(leaves, np.int64).astype(target)
    return np.array(leaves, target)


def _shape(value: Any) -> tuple[int, ...]:
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def _collect(value: Any, level: int, shape: tuple[int, ...], dtype: int, leaves: list[Any]) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {show(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {len(shape)}"
            )
        leaves.append(_converter(dtype)(value))
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    if level == len(shape) - 1 and set(map(type, value)) <= _SCALARS:
        leaves.extend(map(_converter(dtype), value))
        return
    for item in value:
        _collect(item, level + 1, shape, dtype, leaves)


def _converter(dtype: int) -> Callable[[Any], Any]:
    """What turns a JSON leaf into a value of the dtype, or raises."""
    if dtype == dtypes.STRING:
        return _string
    if dtype == _BOOL:
        return lambda value: value if isinstance(value, bool) else _mismatch(value, dtype)
    if dtype in (_FLOAT, _DOUBLE):
        return lambda value: value if type(value) is float else _float(value, dtype)
    if dtype in _BOUNDS:
        lowest, highest = _BOUNDS[dtype]
        return lambda value: (
            value if type(value) is int and lowest <= value <= highest else _mismatch(value, dtype)
        )
    return lambda value: _unimplemented(value, dtype)


def _string(value: Any) -> bytes:
    if isinstance(value, str):
        return as_bytes(value)
    if isinstance(value, dict):
        return from_base64(value)
    return bytes(_mismatch(value, dtypes.STRING))


def _float(value: Any, dtype: int) -> float:
    return double(value) if type(value) in (int, float) else float(_mismatch(value, dtype))


def double(value: float) -> float:
    """A number as a double; INVALID_ARGUMENT for an integer that is too large for one."""
    try:
        return float(value)
    except OverflowError:
        raise invalid("JSON Parse error: Number too big to be stored in double.") from None


def _mismatch(value: Any, dtype: int) -> Any:
    raise invalid(
        f"JSON Value: {show(value)} Type: {kind(value)} is not of expected type: {dtypes.name(dtype)}"
    )


def _unimplemented(value: Any, dtype: int) -> Any:
    if isinstance(value, dict):
        _mismatch(value, dtype)
    raise StatusError(
        Code.UNIMPLEMENTED, f"Conversion of JSON Value: {show(value)} to type: {dtypes.name(dtype)}"
    )
