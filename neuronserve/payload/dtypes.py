"""TensorFlow's dtype names and numpy's."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from neuronserve.errors import InputMismatch

_ALIASES = {"float": "float32", "double": "float64", "half": "float16"}
_NATIVE = frozenset(
    [
        "float16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "bool",
        "complex64",
        "complex128",
    ]
)
_KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool", "O": "string", "c": "complex"}


@functools.cache
def bfloat16() -> np.dtype[Any]:
    """Numpy has no bfloat16; the package that has it is loaded for models that want it only."""
    import ml_dtypes

    dtype: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return dtype


def of(name: str, tensor: str) -> np.dtype[Any]:
    """The numpy dtype for TensorFlow's ``name``; strings are objects (bytes).

    InputMismatch: a dtype such as ``resource`` or ``qint8``, which no request can carry.
    """
    name = _ALIASES.get(name, name)
    if name in _NATIVE:
        return np.dtype(name)
    if name == "string":
        return np.dtype(object)
    if name == "bfloat16":
        return bfloat16()
    raise InputMismatch(f'"{tensor}" has dtype {name}, which a request cannot carry')


def kind(dtype: np.dtype[Any]) -> str:
    """``float``, ``int``, ``bool``, ``string`` or ``complex``; bfloat16 is a ``float`` (numpy says V)."""
    return _KINDS.get(dtype.kind, "float")


def bounds(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The least and the greatest value of an integer dtype."""
    bits, signed = dtype.itemsize * 8, dtype.kind == "i"
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
