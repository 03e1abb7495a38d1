"""What ``neuronserve.handlers`` offers to a model's own code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpies

from neuronserve.handlers import make_ndarray, make_tensor_proto


@pytest.mark.parametrize(
    ("values", "dtype", "shape"),
    [
        (1.5, "float32", ()),
        ([1, 2], "int32", (2,)),
        ([1, 1 << 40], "int64", (2,)),
        (np.ones((2, 3)), "float64", (2, 3)),
        (np.uint8([7]), "uint8", (1,)),
        ([True, False], "bool", (2,)),
    ],
)
def test_values_get_the_dtype_that_tensorflow_gives_them(
    values: Any, dtype: str, shape: tuple[int, ...]
) -> None:
    made = make_ndarray(make_tensor_proto(values))
    assert (made.dtype.name, made.shape) == (dtype, shape)
    assert made.tolist() == np.asarray(values).tolist()


def test_a_dtype_and_a_shape_may_be_asked_for() -> None:
    assert make_ndarray(make_tensor_proto([1, 2], "float32")).dtype == np.float32
    assert make_ndarray(make_tensor_proto([1, 2], np.int64)).dtype == np.int64
    assert make_ndarray(make_tensor_proto([1, 2, 3, 4], shape=(2, 2))).tolist() == [[1, 2], [3, 4]]
    assert make_ndarray(make_tensor_proto(0.5, shape=(1, 3))).tolist() == [[0.5, 0.5, 0.5]]


def test_texts_are_bytes() -> None:
    assert make_ndarray(make_tensor_proto([["é", "b"]])).tolist() == [["é".encode(), b"b"]]
    assert make_ndarray(make_tensor_proto(b"\xff\x00")).tolist() == b"\xff\x00"


def test_what_no_tensor_can_hold_is_refused() -> None:
    for values, dtype in (([object()], None), ([1.0], "string"), ([1], "float128x")):
        with pytest.raises((ValueError, TypeError)):
            make_tensor_proto(values, dtype)


@given(
    numpies.arrays(
        st.sampled_from(["float32", "float64", "int8", "int64", "uint16", "bool"]),
        numpies.array_shapes(max_dims=3, max_side=3, min_dims=0),
    )
)
def test_an_array_comes_back_as_it_went(array: np.ndarray[Any, Any]) -> None:
    back = make_ndarray(make_tensor_proto(array))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
