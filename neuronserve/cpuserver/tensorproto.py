"""``TensorProto`` messages to numpy arrays and back.

In: ``tensor_content``, or the typed ``*_val`` fields, where the last value fills what is missing, as
TensorFlow reads them. Out: the typed fields, as TensorFlow Serving does by default
(``Tensor::AsProtoField``), or ``tensor_content``, which is one copy instead of one message field for each
number (``Tensor::AsProtoTensorContent``). Strings are ``string_val`` in both.
"""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np

from neuronserve.cpuserver import dtypes
from neuronserve.cpuserver.status import invalid
from neuronserve.messages import tensor_pb2

Array = np.ndarray[Any, np.dtype[Any]]

_HALVES = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))
_FIELDS: dict[np.dtype[Any], str] = {
    np.dtype(np.float32): "float_val",
    np.dtype(np.float64): "double_val",
    np.dtype(np.int32): "int_val",
    np.dtype(np.int16): "int_val",
    np.dtype(np.int8): "int_val",
    np.dtype(np.uint8): "int_val",
    np.dtype(np.uint16): "int_val",
    np.dtype(np.int64): "int64_val",
    np.dtype(np.bool_): "bool_val",
    np.dtype(np.uint32): "uint32_val",
    np.dtype(np.uint64): "uint64_val",
    np.dtype(np.complex64): "scomplex_val",
    np.dtype(np.complex128): "dcomplex_val",
    np.dtype(np.float16): "half_val",
    np.dtype(ml_dtypes.bfloat16): "half_val",
    np.dtype(object): "string_val",
}


def decode(proto: Any, alias: str = "") -> Array:
    """The array of a TensorProto: its dtype and shape; strings as objects of ``bytes``.

    INVALID_ARGUMENT ("tensor parsing error: alias") when shape and values do not fit together.
    """
    if not proto.dtype:
        raise _unparsable(alias, "it has no dtype")
    dtype = dtypes.numpy_dtype(proto.dtype)
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise _unparsable(alias, "its shape is not fully defined")
    count = math.prod(shape)
    try:
        flat = (
            _from_content(proto, dtype, count, alias)
            if proto.tensor_content
            else _from_values(proto, dtype, count, alias)
        )
        return flat.reshape(shape)
    except (ValueError, MemoryError, OverflowError) as error:  # more dimensions or values than numpy has
        raise _unparsable(alias, str(error)) from error


def encode(array: Array, dtype: int, *, content: bool = True) -> Any:
    """The TensorProto of an array, whose TensorFlow dtype is ``dtype``; typed fields without ``content``.

    The 8-bit floats have no typed field here and always go as ``tensor_content``.
    """
    proto = tensor_pb2.TensorProto(dtype=dtype)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    field = _FIELDS.get(array.dtype)
    if dtype == dtypes.STRING or (field and not content):
        getattr(proto, str(field)).extend(_field_values(array))
    else:
        proto.tensor_content = array.tobytes()
    return proto


def _field_values(array: Array) -> list[Any]:
    if array.dtype in _HALVES:
        array = array.view(np.uint16)  # half_val holds the bits
    elif array.dtype.kind == "c":
        flat = np.ascontiguousarray(array).ravel()
        array = flat.view(np.float32 if array.dtype.itemsize == 8 else np.float64)
    values: list[Any] = array.ravel().tolist()
    return values


def _from_content(proto: Any, dtype: np.dtype[Any], count: int, alias: str) -> Array:
    if dtype.hasobject:
        return _strings(proto.tensor_content, count, alias)
    if len(proto.tensor_content) != count * dtype.itemsize:
        raise _unparsable(
            alias,
            f"tensor_content has {len(proto.tensor_content)} bytes, its shape wants {count * dtype.itemsize}",
        )
    return np.frombuffer(proto.tensor_content, dtype=dtype)


def _strings(content: bytes, count: int, alias: str) -> Array:
    """All lengths as varints, then all bytes (``EncodeStringList`` in tensor_coding.cc)."""
    lengths, at = [], 0
    for _ in range(count):
        length = shift = 0
        while True:
            if at >= len(content) or shift > 28:
                raise _unparsable(alias, "tensor_content does not hold the lengths of its strings")
            byte, at = content[at], at + 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        lengths.append(length)
    if at + sum(lengths) != len(content):
        raise _unparsable(alias, "tensor_content has not the bytes that the lengths of its strings want")
    flat = np.empty(count, dtype=object)
    for index, length in enumerate(lengths):
        flat[index], at = content[at : at + length], at + length
    return flat


def _from_values(proto: Any, dtype: np.dtype[Any], count: int, alias: str) -> Array:
    field = _FIELDS.get(dtype)
    if field is None:
        raise _unparsable(alias, f"{dtypes.name(proto.dtype)} is read from tensor_content only")
    values = getattr(proto, field)
    given = _typed(values, dtype)
    if len(given) >= count:
        return given[:count]  # TensorFlow leaves out what is too much (FromProtoField in tensor.cc)
    missing = given[-1] if len(given) else (b"" if dtype.hasobject else 0)
    full = np.full(count, missing, dtype=dtype)
    full[: len(given)] = given
    return full


def _typed(values: Any, dtype: np.dtype[Any]) -> Array:
    """The values of a repeated field as a flat array."""
    if dtype.hasobject:
        flat = np.empty(len(values), dtype=object)
        flat[:] = list(values)
        return flat
    if dtype in _HALVES:
        return np.array(values, dtype=np.uint16).view(dtype)  # half_val holds the bits
    if dtype.kind == "c":
        pairs = np.array(values, dtype=np.float32 if dtype.itemsize == 8 else np.float64)
        return pairs[: len(pairs) // 2 * 2].view(dtype)
    return np.array(values).astype(dtype)  # int_val may hold more than an int8: TensorFlow wraps too


def _unparsable(alias: str, why: str) -> Exception:
    return invalid(f"tensor parsing error: {alias}: {why}")
