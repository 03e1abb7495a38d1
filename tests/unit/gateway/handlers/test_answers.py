from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.gateway.handlers import answers
from neuronserve.gateway.handlers.answers import Wrong


@pytest.mark.parametrize(
    ("returned", "made"),
    [
        (("text", "text/plain"), (b"text", "text/plain")),
        ((b"\x00\xff", "image/png"), (b"\x00\xff", "image/png")),
        ((bytearray(b"a"), None), (b"a", "application/json")),
        (["é", "text/plain; charset=utf-8"], ("é".encode(), "text/plain; charset=utf-8")),
        (("{}", "*/*"), (b"{}", "application/json")),
        (("{}", "application/json, text/plain, */*"), (b"{}", "application/json")),
        (("a", "text/*;q=0.5, text/csv;q=0.8"), (b"a", "text/csv")),
    ],
)
def test_a_body_and_a_content_type_are_an_answer(returned: Any, made: tuple[bytes, str]) -> None:
    assert answers.answer(returned, "handler") == made


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (None, "handler returned None"),
        ("body alone", "handler returned a str"),
        (("a", "b", "c"), "a tuple of 3"),
        (({"a": 1}, "application/json"), "a dict as the body"),
        (("a", "text/plain\r\nX-Evil: 1"), "as the content type"),
        (("a", 7), "7 as the content type"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(returned: Any, told: str) -> None:
    with pytest.raises(Wrong, match=told) as caught:
        answers.answer(returned, "handler")
    assert "expected (body, content_type)" in str(caught.value)


@given(st.text(max_size=50))
def test_no_content_type_ever_brings_a_line_of_its_own_into_the_answer(text: str) -> None:
    try:
        _, content_type = answers.answer(("x", text), "handler")
    except Wrong:
        return
    assert content_type.isprintable()
    assert "*" not in content_type
    assert content_type


def test_text_and_bytes_go_to_the_model_as_they_are() -> None:
    assert answers.for_the_model('{"instances": []}') == b'{"instances": []}'
    assert answers.for_the_model(memoryview(b"{}")) == b"{}"


def test_a_dict_in_tensorflow_servings_form_becomes_json() -> None:
    made = answers.for_the_model({"instances": [[1, 2]], "signature_name": "s"})
    assert isinstance(made, bytes)
    assert json.loads(made) == {"instances": [[1, 2]], "signature_name": "s"}
    mixed = answers.for_the_model({"instances": np.ones((1, 2)), "signature_name": "s"})
    assert isinstance(mixed, bytes)
    assert json.loads(mixed)["instances"] == [[1.0, 1.0]]


def test_arrays_stay_arrays() -> None:
    array = np.ones((2, 3), np.float32)
    assert answers.for_the_model(array) is array
    made = answers.for_the_model({"x": array, "n": np.int64(3)})
    assert isinstance(made, dict)
    assert made["x"] is array
    assert made["n"].shape == ()


def test_texts_in_an_array_become_the_bytes_of_tensorflows_strings() -> None:
    made = answers.for_the_model(np.array([["é", b"b"]], object))
    assert isinstance(made, np.ndarray)
    assert made.tolist() == [["é".encode(), b"b"]]


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (None, "input_handler returned None; expected TensorFlow Serving's JSON"),
        ([1, 2], "a list"),
        ({"x": [1, 2]}, "a list for 'x'; expected arrays"),
        ({1: np.ones(1)}, "keys are not all names"),
        ({}, "a dict"),
        ({"instances": [object()]}, "not JSON"),
        (np.array([{}, None], object), "an array of objects"),
    ],
)
def test_what_no_model_can_be_asked_with_is_refused(returned: Any, told: str) -> None:
    with pytest.raises(Wrong, match=told):
        answers.for_the_model(returned)
