"""TensorFlow's dtypes, by number, beside numpy's.

Strings are numpy object arrays of ``bytes``. bfloat16 and the 8-bit floats come from ``ml_dtypes``,
which TensorFlow itself requires.
"""

from __future__ import annotations

from typing import Any, Final

import ml_dtypes
import numpy as np

from neuronserve.cpuserver.status import Code, StatusError
from neuronserve.messages import types_pb2

STRING: Final = 7

_NUMPY: Final[dict[int, np.dtype[Any]]] = {
    1: np.dtype(np.float32),
    2: np.dtype(np.float64),
    3: np.dtype(np.int32),
    4: np.dtype(np.uint8),
    5: np.dtype(np.int16),
    6: np.dtype(np.int8),
    STRING: np.dtype(object),
    8: np.dtype(np.complex64),
    9: np.dtype(np.int64),
    10: np.dtype(np.bool_),
    11: np.dtype(np.int8),  # qint8, and below quint8, qint32, qint16, quint16: the same bits
    12: np.dtype(np.uint8),
    13: np.dtype(np.int32),
    14: np.dtype(ml_dtypes.bfloat16),
    15: np.dtype(np.int16),
    16: np.dtype(np.uint16),
    17: np.dtype(np.uint16),
    18: np.dtype(np.complex128),
    19: np.dtype(np.float16),
    22: np.dtype(np.uint32),
    23: np.dtype(np.uint64),
    24: np.dtype(ml_dtypes.float8_e5m2),
    25: np.dtype(ml_dtypes.float8_e4m3fn),
}

# the names in TensorFlow's own texts ("Expects arg[0] to be float but string is provided")
_NAMES: Final[dict[int, str]] = {1: "float", 2: "double", 19: "half"}


def numpy_dtype(number: int) -> np.dtype[Any]:
    """The numpy dtype of a TensorFlow dtype; UNIMPLEMENTED for those that are no plain array."""
    try:
        return _NUMPY[number]
    except KeyError:
        raise StatusError(
            Code.UNIMPLEMENTED, f"Tensors of type {name(number)} cannot be sent or received"
        ) from None


def name(number: int) -> str:
    """As TensorFlow's DataTypeString: float, int32, string, ..."""
    if number in _NAMES:
        return _NAMES[number]
    return enum_name(number).removeprefix("DT_").lower()


def enum_name(number: int) -> str:
    """As DataType_Name: DT_FLOAT, ...; the bare number when TensorFlow has no such type."""
    try:
        return str(types_pb2.DataType.Name(number))
    except ValueError:
        return f"DT_{number}"
