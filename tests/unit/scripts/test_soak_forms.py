"""The soak's own requests and its judgement of answers, for each content type."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos import forms
from chaos.forms import FORMS, Target

TARGET = Target("model", "/invocations", 2.0)
JSON = FORMS[0]


def replied(form: forms.Form, values: np.ndarray) -> bytes:
    """The answer of a service that computed these."""
    by_decoder = {
        "_predictions": lambda: json.dumps({"predictions": values.tolist()}).encode(),
        "_outputs": lambda: json.dumps({"outputs": values.tolist()}).encode(),
        "_from_csv": lambda: forms._csv(values),
        "_from_npy": lambda: forms._npy(values),
        "_from_npz": lambda: forms._npz(values),
        "_from_protobuf": lambda: _response(values),
    }
    return by_decoder[form.decode.__name__]()


def _response(values: np.ndarray) -> bytes:
    from neuronserve.messages import predict_pb2

    answer = predict_pb2.PredictResponse()
    answer.outputs["y"].dtype = forms.FLOAT
    for size in values.shape:
        answer.outputs["y"].tensor_shape.dim.add(size=size)
    answer.outputs["y"].tensor_content = values.astype(np.float32).tobytes()
    return answer.SerializeToString()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_only_the_rows_own_answer_is_right(form) -> None:
    rows = forms.rows_of(3, 7)
    assert forms.is_right(form, TARGET, rows, replied(form, 2 * rows))
    for other in (3 * rows, 2 * rows[::-1], 2 * rows[:-1], 2 * forms.rows_of(4, 7)):
        assert not forms.is_right(form, TARGET, rows, replied(form, other))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@given(garbage=st.binary(max_size=200))
def test_garbage_is_wrong_and_no_error_of_the_tool(form, garbage) -> None:
    assert not forms.is_right(form, TARGET, forms.rows_of(0, 1), garbage)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_request_says_how_long_its_body_is(form) -> None:
    head, _, body = forms.wire(form, TARGET, forms.rows_of(1, 2)).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 20_000), st.integers(0, 20_000))
def test_two_turns_or_clients_never_send_the_same_rows(client, other, turn, later) -> None:
    same = np.array_equal(forms.rows_of(client, turn), forms.rows_of(other, later))
    assert same is ((client, turn) == (other, later))
