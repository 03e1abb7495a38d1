import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from neuronserve.cpuserver import dtypes, tensorproto
from neuronserve.cpuserver.status import Code, StatusError
from neuronserve.messages import tensor_pb2

NUMBERS = [1, 2, 3, 4, 5, 6, 8, 9, 10, 17, 18, 19, 22, 23]


def proto(dtype, shape, **fields):
    message = tensor_pb2.TensorProto(dtype=dtype, **fields)
    for size in shape:
        message.tensor_shape.dim.add(size=size)
    return message


@given(st.sampled_from(NUMBERS), st.data())
def test_numbers_come_back_as_they_were(number, data):
    shape = data.draw(arrays.array_shapes(min_dims=0, min_side=0))
    array = data.draw(arrays.arrays(dtypes.numpy_dtype(number), shape))
    back = tensorproto.decode(tensorproto.encode(array, number))
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()
    assert back.shape == array.shape


@given(st.lists(st.binary()))
def test_strings_come_back_as_they_were(values):
    array = np.empty(len(values), object)
    array[:] = values
    assert tensorproto.decode(tensorproto.encode(array, 7)).tolist() == values


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (proto(1, (3,), float_val=[1, 2]), [1, 2, 2]),
        (proto(1, (2,)), [0, 0]),
        (proto(7, (3,), string_val=[b"a"]), [b"a"] * 3),
        (proto(7, (2,)), [b"", b""]),
        (proto(6, (2,), int_val=[-1]), [-1, -1]),
        (proto(10, (2,), bool_val=[True]), [True, True]),
        (proto(14, (2,), half_val=[0x3F80]), [1, 1]),
        (proto(19, (1,), half_val=[0x3C00]), [1]),
        (proto(8, (2,), scomplex_val=[1, 2]), [1 + 2j, 1 + 2j]),
        (proto(23, (1,), uint64_val=[2**64 - 1]), [2**64 - 1]),
        (proto(9, (0,)), []),
        (proto(1, (2,), float_val=[1, 2, 3]), [1, 2]),  # FromProtoField in tensor.cc
        (proto(7, (1,), string_val=[b"a", b"b"]), [b"a"]),
    ],
)
def test_typed_values_are_read_and_the_last_one_fills_the_rest(message, expected):
    assert tensorproto.decode(message).tolist() == expected


@pytest.mark.parametrize(
    "message",
    [
        proto(1, (2,), tensor_content=b"1234"),
        proto(1, (-1,), float_val=[1]),
        proto(7, (1,), tensor_content=b"a"),
        proto(7, (2,), tensor_content=b"\x01\x02a"),
        proto(7, (1,), tensor_content=b"\xff\xff\xff\xff\xff\xff\x01a"),
        proto(7, (1,), tensor_content=b"\x80"),
        proto(0, (1,)),
        proto(1, (1,) * 100, float_val=[7]),
        proto(1, (1 << 40,)),
        proto(1, (1 << 40, 1 << 40), float_val=[1]),
    ],
)
def test_what_does_not_fit_is_an_invalid_argument(message):
    with pytest.raises(StatusError, match="tensor parsing error: x") as refused:
        tensorproto.decode(message, "x")
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_a_dtype_that_is_no_plain_array_is_not_implemented():
    with pytest.raises(StatusError) as refused:
        tensorproto.decode(proto(20, (1,)), "x")
    assert refused.value.code is Code.UNIMPLEMENTED


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_strings_may_come_as_content_as_tensorflow_encodes_them(strings):
    def varint(number):
        low, rest = number & 0x7F, number >> 7
        return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])

    content = b"".join(varint(len(s)) for s in strings) + b"".join(strings)
    if content:
        message = proto(7, (len(strings),), tensor_content=content)
        assert tensorproto.decode(message).tolist() == strings
