"""A serialized PredictRequest whose tensors cannot be: what TensorFlow Serving answers with INVALID_ARGUMENT
("tensor parsing error", predict_util.cc; ``Tensor::FromProto``, tensor.cc) is a 400 that says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronserve.messages import predict_pb2, tensor_pb2, types_pb2
from tests.wire.conftest import Signature

PROTOBUF = "application/x-protobuf"


def a_pair(**fields: Any) -> Any:
    """A tensor of one row, which the model takes."""
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, **fields)
    for size in (1, 2):
        proto.tensor_shape.dim.add(size=size)
    return proto


def request(proto: Any) -> bytes:
    message = predict_pb2.PredictRequest()
    message.inputs["x"].CopyFrom(proto)
    return message.SerializeToString()


def resized(*sizes: int) -> Callable[[Any], None]:
    def change(proto: Any) -> None:
        del proto.tensor_shape.dim[:]
        for size in sizes:
            proto.tensor_shape.dim.add(size=size)

    return change


def with_dtype(number: int) -> Callable[[Any], None]:
    return lambda proto: setattr(proto, "dtype", number)


def with_content(content: bytes) -> Callable[[Any], None]:
    return lambda proto: setattr(proto, "tensor_content", content)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (with_dtype(999), "no dtype that there is: 999"),
        (with_dtype(-1), "no dtype that there is: -1"),
        (with_dtype(0), "no dtype that there is: 0"),
        (with_dtype(types_pb2.DT_FLOAT_REF), "no dtype that there is: 101"),
        (resized(-1, 2), "a dimension of -1"),
        (resized(1, -(1 << 63)), "a dimension of -9223372036854775808"),
        (resized(1 << 62, 1 << 62), "more elements"),
        (resized(*[1] * 255), "255 dimensions"),
        (with_content(b"123"), "3 bytes of tensor_content; its shape and dtype need 8"),
        (with_content(b"\0" * 16), "16 bytes of tensor_content; its shape and dtype need 8"),
    ],
)
def test_a_tensor_that_cannot_be_is_a_400_with_the_inputs_name_and_the_reason(
    gateway, scripted, spoil: Callable[[Any], None], said: str
) -> None:
    server, proto = scripted(), a_pair(float_val=[1, 2])
    spoil(proto)
    answer = gateway(server).post(request(proto), PROTOBUF)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_body")
    assert answer.json["error"].startswith('input "x" has ')
    assert said in answer.json["error"]
    assert not server.requests


@pytest.mark.parametrize(
    "proto",
    [
        a_pair(float_val=[1, 2, 3]),  # more values than are needed
        a_pair(float_val=[1]),  # fewer: the last one is repeated
        a_pair(),  # none: zeros
    ],
)
def test_too_many_and_too_few_values_are_taken_as_tensorflow_takes_them(gateway, proto: Any) -> None:
    assert gateway().post(request(proto), PROTOBUF).status_code == 200


def test_fields_that_nobody_knows_are_passed_over(gateway) -> None:
    unknown = b"\xfa\x3f\x03abc"  # field 1023
    assert gateway().post(request(a_pair(float_val=[1, 2])) + unknown, PROTOBUF).status_code == 200


numbers = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-2, 5)
protos = st.builds(
    lambda dtype, sizes, content, floats: (dtype, sizes, content, floats),
    st.integers(-(1 << 31), (1 << 31) - 1) | st.integers(-1, 130),
    st.lists(numbers, max_size=5),
    st.binary(max_size=40),
    st.lists(st.floats(width=32), max_size=5),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(protos, st.integers(0, 200))
def test_no_message_that_a_client_can_send_is_a_5xx(made, proto, length: int) -> None:
    dtype, sizes, content, floats = proto
    tensor = tensor_pb2.TensorProto(dtype=dtype, tensor_content=content, float_val=floats)
    resized(*sizes)(tensor)
    body = request(tensor)
    for sent in (body, body[:length]):
        answer = made.post(sent, PROTOBUF)
        assert answer.status_code in (200, 400, 404, 413), answer.data


@pytest.fixture
def made(gateway, scripted) -> Any:
    """Before a model server that answers whatever it is asked, so that any 5xx is the gateway's own."""
    pair = {"x": ("float32", None)}

    def predict(_arrays: Any) -> Any:
        return {"y": np.zeros((1, 2), np.float32)}

    server = scripted({"serving_default": Signature(pair, {"y": ("float32", None)})}, predict)
    return gateway(server)
