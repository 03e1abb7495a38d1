"""Numbers to the signature's dtype, never silently changed.

Allowed: what is exact, and rounding to a narrower float. Refused: a finite number that overflows (300
into uint8, 1e40 into float32), a fraction or NaN into integers, and any crossing between numbers, bool and
strings.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch
from neuronserve.payload import dtypes
from neuronserve.payload.signature import TensorSpec

Array = np.ndarray[Any, Any]
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
EXACT = 2.0**53  # doubles below hold every integer


def cast(array: Array, spec: TensorSpec) -> Array:
    """``array`` (numbers, bool or strings in any byte order) in the dtype of ``spec``, native, in C order.

    InputMismatch: it cannot be had exactly enough; names the input and the first value at fault.
    """
    target = spec.numpy
    if array.dtype != target:
        array = _converted(array, spec, target)
    return np.ascontiguousarray(array) if array.ndim else array


def _converted(array: Array, spec: TensorSpec, target: np.dtype[Any]) -> Array:
    source = array.dtype
    if source.kind == "V" and source.itemsize == 2 and source.names is None and spec.dtype == "bfloat16":
        return array.view(target)  # numpy writes bfloat16 as two raw bytes
    have, want = ("string" if source.kind in "SU" else dtypes.kind(source)), spec.kind
    if source.newbyteorder("=") == target:
        return array.astype(target)
    if want == "string" and have == "string":
        return _strings(array, spec)
    if want == "float" and have in ("float", "int") and source.kind != "V":
        return to_float(array, spec)
    if want == "int" and have in ("float", "int") and source.kind != "V":
        return to_int(array, spec)
    if want == "complex" and have in ("float", "int", "complex") and source.kind != "V":
        return _to_complex(array, spec)
    raise InputMismatch(f'input "{spec.name}" came as {source.name}; the signature wants {spec.dtype}')


def to_float(array: Array, spec: TensorSpec) -> Array:
    """Numbers rounded to the float dtype of ``spec``; infinities stay, new ones are refused."""
    target = spec.numpy
    if target == _FLOAT32 and array.dtype == _FLOAT64:
        try:
            with np.errstate(over="raise", invalid="ignore"):  # the processor's own flag: no second pass
                return array.astype(_FLOAT32)
        except FloatingPointError:
            pass
    with np.errstate(over="ignore", invalid="ignore"):
        result = array.astype(target)
    if target.itemsize < 8:
        _refuse(array, np.isinf(result) & np.isfinite(array), spec, f"is beyond {spec.dtype}")
    return result


def to_int(array: Array, spec: TensorSpec) -> Array:
    """Whole numbers in the integer dtype of ``spec``."""
    target = spec.numpy
    low, high = dtypes.bounds(target)
    if array.dtype.kind == "f":
        array = array.astype(np.float64)
        whole = np.isfinite(array) & (np.trunc(array) == array)
        _refuse(array, ~whole, spec, f"is no whole number; the signature wants {spec.dtype}")
        # the first power of two above is exact in doubles, int64's maximum is not
        out = (array < float(low)) | (array >= float(high + 1))
    else:
        if not array.size or (int(array.min()) >= low and int(array.max()) <= high):
            return array.astype(target)
        out = np.array([not low <= int(v) <= high for v in array.ravel()]).reshape(array.shape)
    _refuse(array, out, spec, f"is out of the range of {spec.dtype}")
    return array.astype(target)


def doubles_are_whole(values: Array) -> bool:
    """Whether doubles that were read from text are surely the integers that stood there."""
    return bool((np.abs(values) < EXACT).all() and (np.trunc(values) == values).all())


def _to_complex(array: Array, spec: TensorSpec) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        result = array.astype(spec.numpy)
    _refuse(array, np.isinf(result) & np.isfinite(array), spec, f"is beyond {spec.dtype}")
    return result


def _strings(array: Array, spec: TensorSpec) -> Array:
    flat = array.ravel().tolist()
    try:
        values = [v.encode() if isinstance(v, str) else v for v in flat]
    except UnicodeEncodeError as error:
        raise InputMismatch(f'input "{spec.name}" holds text that is no Unicode: {error.reason}') from None
    result = np.empty(len(values), object)
    result[:] = values
    return result.reshape(array.shape)


def _refuse(array: Array, bad: Array, spec: TensorSpec, why: str) -> None:
    if bad.any():
        at = np.unravel_index(int(np.argmax(bad)), bad.shape)
        place = "".join(f"[{i}]" for i in at)
        raise InputMismatch(f'input "{spec.name}"{place}: {array[at]} {why}')
