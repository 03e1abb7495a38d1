"""numpy arrays to ``TF_Tensor`` and back."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from neuronserve.cpuserver import dtypes, tensorproto
from neuronserve.cpuserver.runtime.library import Status, buffer_from, load
from neuronserve.cpuserver.tensorproto import Array

_TSTRING_BYTES = 24  # sizeof(TF_TString)


def to_tensor(array: Array, dtype: int) -> Any:
    """A new ``TF_Tensor`` with a copy of the array; the caller deletes it."""
    if dtype == dtypes.STRING:
        return _string_tensor(array)
    library = load()
    array = np.asarray(array, order="C")  # ascontiguousarray would give a scalar an axis
    tensor = library.TF_AllocateTensor(
        dtype, (ctypes.c_int64 * array.ndim)(*array.shape), array.ndim, array.nbytes
    )
    if array.nbytes:
        ctypes.memmove(library.TF_TensorData(tensor), array.ctypes.data, array.nbytes)
    return tensor


def _string_tensor(array: Array) -> Any:
    # parsed by TensorFlow from a message: then TensorFlow also owns and frees each string
    library = load()
    content = buffer_from(tensorproto.encode(array, dtypes.STRING).SerializeToString())
    tensor = library.TF_AllocateTensor(1, None, 0, 4)  # something to overwrite
    try:
        with Status() as status:
            library.TF_TensorFromProto(content, tensor, status.pointer)
            status.check()
    except BaseException:
        library.TF_DeleteTensor(tensor)
        raise
    finally:
        library.TF_DeleteBuffer(content)
    return tensor


def from_tensor(tensor: Any) -> tuple[Array, int]:
    """A copy of a ``TF_Tensor`` as an array, and its TensorFlow dtype."""
    library = load()
    number = library.TF_TensorType(tensor)
    shape = tuple(library.TF_Dim(tensor, axis) for axis in range(library.TF_NumDims(tensor)))
    dtype = dtypes.numpy_dtype(number)
    size, data = library.TF_TensorByteSize(tensor), library.TF_TensorData(tensor)
    if number == dtypes.STRING:
        flat = np.empty(size // _TSTRING_BYTES, dtype=object)
        flat[:] = [_string(library, data + at) for at in range(0, size, _TSTRING_BYTES)]
        return flat.reshape(shape), number
    array = np.empty(shape, dtype=dtype)
    if size:
        ctypes.memmove(array.ctypes.data, data, size)
    return array, number


def _string(library: Any, at: int) -> bytes:
    return ctypes.string_at(library.TF_StringGetDataPointer(at), library.TF_StringGetSize(at))
