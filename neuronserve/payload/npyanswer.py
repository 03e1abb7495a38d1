"""Arrays to numpy's files. Strings become fixed-width bytes (``S``): objects would be pickles."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from neuronserve.errors import NotAcceptable
from neuronserve.payload import dtypes

Array = np.ndarray[Any, Any]
_THEN = (1980, 1, 1, 0, 0, 0)  # the same outputs give the same bytes


def npy(name: str, array: Array) -> bytes:
    """One array in version 1.0 (2.0 where the header needs it); bfloat16, unknown to numpy, as float32."""
    array = _plain(name, array)
    head = io.BytesIO()
    npy_format.write_array_header_1_0(head, npy_format.header_data_from_array_1_0(array))
    return head.getvalue() + array.tobytes()


def npz(arrays: Mapping[str, Array]) -> bytes:
    """All arrays by name, stored and not compressed: answers are numbers, which hardly compress."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _THEN), npy(name, array))
    return stream.getvalue()


def _plain(name: str, array: Array) -> Array:
    if array.dtype == object:
        if any(value.endswith(b"\0") for value in array.ravel()):
            raise NotAcceptable(
                f'output "{name}" holds strings that end in NUL, which npy would cut off', hint="accept JSON"
            )
        return array.astype("S")
    if array.dtype.kind == "V" and array.dtype == dtypes.bfloat16():
        array = array.astype(np.float32)
    return np.ascontiguousarray(array) if array.ndim else array
