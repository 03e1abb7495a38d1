"""numpy arrays <-> TensorProto, and TensorFlow's names for dtypes.

Numeric arrays travel as ``tensor_content`` (one copy, little-endian, row-major). Answers may come in
either form: TensorFlow Serving fills the typed fields (``float_val`` ...), where a short list
repeats its last value up to the shape (tensor.proto).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neuronserve.errors import ModelFailed
from neuronserve.messages import tensor_pb2, types_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

# TensorFlow's name -> (enum, numpy dtype or None for strings, the typed field)
_KINDS: dict[str, tuple[int, str | None, str]] = {
    "float32": (types_pb2.DT_FLOAT, "<f4", "float_val"),
    "float64": (types_pb2.DT_DOUBLE, "<f8", "double_val"),
    "int32": (types_pb2.DT_INT32, "<i4", "int_val"),
    "uint8": (types_pb2.DT_UINT8, "|u1", "int_val"),
    "int16": (types_pb2.DT_INT16, "<i2", "int_val"),
    "int8": (types_pb2.DT_INT8, "|i1", "int_val"),
    "string": (types_pb2.DT_STRING, None, "string_val"),
    "int64": (types_pb2.DT_INT64, "<i8", "int64_val"),
    "bool": (types_pb2.DT_BOOL, "|b1", "bool_val"),
    "uint16": (types_pb2.DT_UINT16, "<u2", "int_val"),
    "float16": (types_pb2.DT_HALF, "<f2", "half_val"),
    "bfloat16": (types_pb2.DT_BFLOAT16, "bfloat16", "half_val"),
    "uint32": (types_pb2.DT_UINT32, "<u4", "uint32_val"),
    "uint64": (types_pb2.DT_UINT64, "<u8", "uint64_val"),
    "complex64": (types_pb2.DT_COMPLEX64, "<c8", "scomplex_val"),
    "complex128": (types_pb2.DT_COMPLEX128, "<c16", "dcomplex_val"),
}
_STRING_BYTES = 24  # of TensorFlow's own string object
_REFERENCES = 100  # enums above it are dtypes of references, which no message carries
_MOST_DIMENSIONS = 254
_NAMES = {enum: name for name, (enum, _, _) in _KINDS.items()}


def dtype_name(enum: int) -> str:
    """TensorFlow's lower-case name of a DataType, also of one that cannot be served."""
    if enum in _NAMES:
        return _NAMES[enum]
    known = enum in types_pb2.DataType.values()
    return types_pb2.DataType.Name(enum).removeprefix("DT_").lower() if known else f"dtype_{enum}"


def dtype_enum(name: str) -> int:
    return _KINDS[name][0]


def numpy_dtype(name: str) -> np.dtype[Any] | None:
    """numpy's dtype for TensorFlow's name of one; None for strings, and for what cannot be served."""
    numpy_name = _KINDS[name][1] if name in _KINDS else None
    if numpy_name is None:
        return None
    return _bfloat16() if numpy_name == "bfloat16" else np.dtype(numpy_name)


def shape_of(proto: Any) -> tuple[int | None, ...] | None:
    """A TensorShapeProto: None where a dimension, or the whole rank, is unknown."""
    if proto.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in proto.dim)


def unfolds_beyond(proto: Any, limit: int) -> bool:
    """Whether a TensorProto comes to more than ``limit`` bytes: a short one may repeat its last value."""
    sizes = [dim.size for dim in proto.tensor_shape.dim]
    if 0 in sizes:
        return False
    total = _item_bytes(proto.dtype)
    for size in sizes:
        total *= size
        if total > limit:
            return True
    return False


def fault_of(proto: Any) -> str:
    """What is wrong with a TensorProto that no model server could read; "" for nothing.

    As ``Tensor::FromProto`` of TensorFlow's tensor.cc has it: values that are too many or too few are no
    fault, and a tensor without elements may have any content.
    """
    if proto.dtype not in types_pb2.DataType.values() or not 0 < proto.dtype < _REFERENCES:
        return f"has no dtype that there is: {proto.dtype}"
    sizes = [dim.size for dim in proto.tensor_shape.dim]
    if len(sizes) > _MOST_DIMENSIONS:
        return f"has {len(sizes)} dimensions; TensorFlow knows at most {_MOST_DIMENSIONS}"
    if negative := next((size for size in sizes if size < 0), 0):
        return f"has a dimension of {negative}"
    count = math.prod(sizes)
    if count >= 1 << 63:
        return "has more elements than TensorFlow can count"
    item = numpy_dtype(dtype_name(proto.dtype))
    have = len(proto.tensor_content)
    if have and count and item is not None and have != count * item.itemsize:
        needed = count * item.itemsize
        return f"has {have} bytes of tensor_content; its shape and dtype need {needed}"
    return ""


def _item_bytes(enum: int) -> int:
    name = _KINDS[_NAMES[enum]][1] if enum in _NAMES else None
    if name == "bfloat16":
        return 2
    return np.dtype(name).itemsize if name else _STRING_BYTES


def fill(proto: Any, array: np.ndarray[Any, Any], dtype: str) -> None:
    """Write ``array`` (already of TensorFlow's ``dtype``; strings: objects of bytes) into a TensorProto."""
    proto.dtype = _KINDS[dtype][0]
    add = proto.tensor_shape.dim.add
    for size in array.shape:
        add(size=size)
    if dtype == "string":
        proto.string_val.extend(array.ravel().tolist())
    else:
        proto.tensor_content = array.tobytes()


def fill_typed(proto: Any, array: np.ndarray[Any, Any], dtype: str) -> None:
    """As ``fill``, in the typed field of ``dtype`` (``float_val``, ...), as TensorFlow Serving answers.

    Clients read it there: AWS's and TensorFlow Serving's samples say ``outputs["y"].float_val``.
    """
    proto.dtype, _, field = _KINDS[dtype]
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if field == "half_val":
        array = array.view(np.uint16)  # the bits
    elif array.dtype.kind == "c":
        array = np.ascontiguousarray(array).ravel().view(f"<f{array.dtype.itemsize // 2}")
    getattr(proto, field).extend(array.ravel().tolist())


def read(proto: Any) -> np.ndarray[Any, Any]:
    """The array in a TensorProto. Raises ModelFailed when it is of a kind that cannot be served."""
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    name = _NAMES.get(proto.dtype)
    if name is None:
        raise ModelFailed(f"an output has dtype {dtype_name(proto.dtype)}, which cannot be answered")
    _, numpy_name, field = _KINDS[name]
    if numpy_name is None:
        return _spread(np.array(proto.string_val, dtype=object), shape)
    dtype = _bfloat16() if numpy_name == "bfloat16" else np.dtype(numpy_name)
    if proto.tensor_content and 0 not in shape:  # without elements, content means nothing
        return np.frombuffer(proto.tensor_content, dtype).reshape(shape)
    return _spread(_values(getattr(proto, field), dtype, bits=field == "half_val"), shape)


def _values(values: Iterable[Any], dtype: np.dtype[Any], *, bits: bool) -> np.ndarray[Any, Any]:
    if bits:  # 16-bit floats come as their bit patterns in int32
        return np.array(values, np.uint16).view(dtype)
    if dtype.kind == "c":  # real and imaginary parts after each other
        return np.array(values, np.dtype(f"<f{dtype.itemsize // 2}")).view(dtype)
    return np.array(values, dtype)


def _spread(values: np.ndarray[Any, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Repeat the last value until the shape is full, as tensor.proto says; none at all means zeros."""
    wanted = math.prod(shape)
    missing = wanted - values.size
    if missing < 0:
        values = values[:wanted]  # TensorFlow takes as many as it needs
    if missing > 0:
        last = (
            values[-1:] if values.size else np.array([b""] if values.dtype == object else [0], values.dtype)
        )
        values = np.concatenate([values, np.repeat(last, missing)])
    return values.reshape(shape)


def _bfloat16() -> np.dtype[Any]:
    import ml_dtypes  # only models that speak bfloat16 pay for it

    bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return bfloat16


def new() -> Any:
    """An empty TensorProto."""
    return tensor_pb2.TensorProto()
