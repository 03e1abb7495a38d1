"""Arrays of numbers that are read in blocks are what the exact reading makes of them, or nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from neuronserve.errors import RequestError
from neuronserve.payload import blocks, cost, decode, jsonfast
from neuronserve.payload.signature import TensorSpec
from neuronserve.payload.simd import Unsure
from tests.unit.payload.specs import signatures

FLOATS = TensorSpec("x", "float64", None)
ANY = signatures(compiled=False, x=("float64", None))
TEXT = st.text(alphabet="[],12 .\n", max_size=30)


def whole(text: bytes):
    try:
        return blocks.array(text, (0, len(text)), FLOATS)
    except Unsure:
        return None


@settings(deadline=None)
@given(
    arrays.arrays(
        np.float64,
        arrays.array_shapes(max_dims=4, max_side=5),
        elements=st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_what_json_writes_is_read_back(array):
    found = whole(json.dumps(array.tolist()).encode())
    assert found is not None
    assert found.shape == array.shape
    assert (found == array).all()


@settings(deadline=None)
@given(TEXT)
def test_what_is_no_rectangular_array_is_left_to_the_exact_reading(text):
    found = whole(text.encode())
    if found is not None:
        assert found.tolist() == json.loads(text)


@pytest.mark.parametrize(
    "text", [b"[5[1,2],[3,4]]", b"[[1,2]5,[3,4]]", b"[1 [2]]", b"[[],[]]", b"[[1],[]]", b"[1,,2]", b"[1],[2]"]
)
def test_a_number_in_a_wrong_place_is_seen(text):
    assert whole(text) is None


@settings(deadline=None, max_examples=300)
@given(TEXT, st.sampled_from(['{"instances":%s}', '{"inputs":%s}', '{"inputs":{"x":%s}}', '{"x":%s}', "%s"]))
def test_large_bodies_mean_what_small_ones_mean(text, form):
    """The same body, read as if it was large; where that says nothing the exact reading decides anyhow."""
    body = (form % text).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonfast, "_SMALL", 0)
        patch.setattr(cost, "of_whole", lambda _: None)
        quick = jsonfast.read(body, ANY, None)
    if quick is None:
        return
    try:
        exact = decode(body, "application/json", ANY)  # value by value: it is small
    except RequestError as error:
        pytest.fail(f"{body!r} is refused: {error}")
    _, form_found, found = quick
    assert form_found is exact.form
    assert found["x"].tolist() == exact.arrays["x"].tolist()


@pytest.mark.parametrize(
    "text",
    [
        "1[,1]",
        "[1,]1",
        "[1[,2]]",
        "[[1,]2]",
        "[[1,2],3[,4]]",
        "[[1,2],[3,]4]",
        "[[1,2]\n, 3 [,4]]",
        "[[1,] -2.5e1]",
    ],
)
@pytest.mark.parametrize("form", ['{"instances":%s}', '{"x":%s}', "%s"])
def test_a_number_on_the_wrong_side_of_a_bracket_is_left_to_the_exact_reading(text, form, monkeypatch):
    monkeypatch.setattr(jsonfast, "_SMALL", 0)
    monkeypatch.setattr(cost, "of_whole", lambda _: None)
    assert jsonfast.read((form % text).encode(), ANY, None) is None
