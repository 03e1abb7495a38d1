from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuronserve.errors import ModelFailed
from neuronserve.messages import types_pb2
from neuronserve.modelserver import tensors

NUMERIC = [
    "float32",
    "float64",
    "int32",
    "uint8",
    "int16",
    "int8",
    "int64",
    "bool",
    "uint16",
    "float16",
    "uint32",
    "uint64",
    "complex64",
    "complex128",
]
TYPED = {
    "float32": "float_val",
    "float64": "double_val",
    "int32": "int_val",
    "int64": "int64_val",
    "bool": "bool_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "uint8": "int_val",
}


@given(st.sampled_from(NUMERIC), st.data())
def test_a_numeric_array_comes_back_bit_for_bit(dtype: str, data: st.DataObject) -> None:
    array = data.draw(hnp.arrays(np.dtype(dtype), hnp.array_shapes(min_dims=0, min_side=0, max_side=4)))
    proto = tensors.new()
    tensors.fill(proto, array, dtype)
    back = tensors.read(proto)
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@given(
    hnp.arrays(object, hnp.array_shapes(min_dims=0, min_side=0, max_side=3), elements=st.binary(max_size=5))
)
def test_an_array_of_strings_comes_back(array: np.ndarray) -> None:
    proto = tensors.new()
    tensors.fill(proto, array, "string")
    back = tensors.read(proto)
    assert back.shape == array.shape
    assert back.ravel().tolist() == array.ravel().tolist()


@pytest.mark.parametrize("dtype", TYPED)
def test_typed_fields_are_read_and_the_last_value_is_repeated(dtype: str) -> None:
    proto = tensors.new()
    proto.dtype = tensors.dtype_enum(dtype)
    for size in (2, 2):
        proto.tensor_shape.dim.add(size=size)
    getattr(proto, TYPED[dtype]).extend([1, 0])
    assert tensors.read(proto).tolist() == np.array([[1, 0], [0, 0]], dtype).tolist()


@pytest.mark.parametrize(("dtype", "kind"), [("float16", np.float16), ("bfloat16", ml_dtypes.bfloat16)])
def test_half_values_are_bit_patterns(dtype: str, kind: type) -> None:
    proto = tensors.new()
    proto.dtype = tensors.dtype_enum(dtype)
    proto.tensor_shape.dim.add(size=3)
    proto.half_val.extend(np.array([1.5, -2], kind).view(np.uint16).tolist())
    assert tensors.read(proto).astype(float).tolist() == [1.5, -2, -2]


def test_a_tensor_without_values_is_zeros() -> None:
    proto = tensors.new()
    proto.dtype = tensors.dtype_enum("float32")
    proto.tensor_shape.dim.add(size=2)
    assert tensors.read(proto).tolist() == [0, 0]


def test_a_dtype_that_cannot_be_answered_is_named() -> None:
    proto = tensors.new()
    proto.dtype = types_pb2.DT_RESOURCE
    with pytest.raises(ModelFailed, match="dtype resource"):
        tensors.read(proto)


def test_dtypes_have_tensorflows_names_also_those_that_cannot_be_served() -> None:
    found = [tensors.dtype_name(enum) for enum in (types_pb2.DT_QINT8, types_pb2.DT_FLOAT_REF, 9_999)]
    assert found == ["qint8", "float_ref", "dtype_9999"]


@pytest.mark.parametrize(("dtype", "field"), [("complex64", "scomplex_val"), ("complex128", "dcomplex_val")])
def test_complex_values_are_pairs_of_parts(dtype: str, field: str) -> None:
    proto = tensors.new()
    proto.dtype = tensors.dtype_enum(dtype)
    proto.tensor_shape.dim.add(size=3)
    getattr(proto, field).extend([1.0, 2.0, 3.0, -4.0])
    assert tensors.read(proto).tolist() == [1 + 2j, 3 - 4j, 3 - 4j]
