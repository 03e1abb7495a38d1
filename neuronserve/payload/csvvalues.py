"""The text of CSV fields to values of one dtype."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch
from neuronserve.payload import dtypes
from neuronserve.payload.cast import EXACT, to_float
from neuronserve.payload.signature import TensorSpec

Array = np.ndarray[Any, Any]
_BOOLS = {"true": True, "false": False}


def array(flat: list[str], lines: Sequence[int], width: int, spec: TensorSpec, *, first: int = 1) -> Array:
    """The fields (row by row, ``width`` to a row that ends on ``lines[i]``) as a flat array.

    ``first``: the number of their first column.

    InputMismatch names line, column and text of the first field that is no value of the dtype.
    """
    if spec.kind == "string":
        return _objects([field.encode() for field in flat])
    if spec.kind not in _READ:
        raise InputMismatch(f'input "{spec.name}" is {spec.dtype}, which CSV cannot carry', hint="send npy")
    read = _READ[spec.kind]
    values = []
    for at, field in enumerate(flat):
        value = read(field.strip(), spec)
        if value is None:
            where = f"line {lines[at // width]}, column {at % width + first}"
            raise InputMismatch(f'{where}: "{field[:40]}" is no {spec.dtype} for input "{spec.name}"')
        values.append(value)
    if spec.kind == "float":
        return to_float(np.array(values, np.float64), spec)
    return np.array(values, spec.numpy)


def _objects(values: list[bytes]) -> Array:
    result = np.empty(len(values), object)
    result[:] = values
    return result


def _float(field: str, _: TensorSpec) -> float | None:
    if "_" in field or not field.isascii():  # Python reads more than data files mean
        return None
    try:
        value = float(field)
    except ValueError:
        return None
    return None if math.isinf(value) and "i" not in field.lower() else value


def _int(field: str, spec: TensorSpec) -> int | None:
    if "_" in field or not field.isascii():
        return None
    try:
        value = int(field)
    except ValueError:
        number = _float(field, spec)
        if number is None or not number.is_integer() or abs(number) >= EXACT:
            return None  # with a point or an exponent, and beyond what a double holds exactly
        value = int(number)
    low, high = dtypes.bounds(spec.numpy)
    return value if low <= value <= high else None


def _bool(field: str, _: TensorSpec) -> bool | None:
    return _BOOLS.get(field.lower())


_READ: dict[str, Callable[[str, TensorSpec], Any]] = {"float": _float, "int": _int, "bool": _bool}
