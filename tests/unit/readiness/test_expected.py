from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuronserve.errors import InputMismatch, MalformedBody
from neuronserve.payload import Form, Signature, TensorSpec, jsontext
from neuronserve.payload.jsonanswer import write
from neuronserve.readiness import compare, expected


def signature(**outputs: str) -> Signature:
    specs = {name: TensorSpec(name, dtype, None) for name, dtype in outputs.items()}
    return Signature("serving_default", "predict", {}, specs)


ONE = signature(y="float32")
TWO = signature(y="float32", label="string")
FLOATS = st.floats(width=32)


@given(
    y=hnp.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 3)), elements=FLOATS),
    form=st.sampled_from([Form.ROW, Form.COLUMN]),
)
def test_what_the_service_answers_is_expected_as_it_is(y, form) -> None:
    label = np.empty(len(y), object)
    label[:] = [bytes([200, i]) for i in range(len(y))]
    answer = {"y": y, "label": label}
    (body,) = jsontext.documents(write(answer, form, TWO))
    ((layout, value),) = body.items()
    wanted = expected.arrays(layout, value, TWO)
    assert compare.difference(wanted, answer, compare.Tolerance(0, 0)) == ""


def test_a_single_output_needs_no_name() -> None:
    assert expected.arrays("predictions", [[1.5], [2]], ONE)["y"].tolist() == [[1.5], [2.0]]
    assert expected.arrays("outputs", 3, ONE)["y"].shape == ()


def test_a_single_output_may_have_its_name() -> None:
    assert expected.arrays("predictions", [{"y": 1}], ONE)["y"].tolist() == [1.0]
    assert expected.arrays("outputs", {"y": [1]}, ONE)["y"].tolist() == [1.0]


def test_bytes_are_values_and_no_names() -> None:
    found = expected.arrays("predictions", [{"b64": "AAE="}], signature(y="string"))
    assert found["y"].tolist() == [b"\x00\x01"]


def test_no_rows_are_no_rows_of_each_output() -> None:
    assert {name: array.shape for name, array in expected.arrays("predictions", [], TWO).items()} == {
        "y": (0,),
        "label": (0,),
    }


def test_a_number_wider_than_the_output_is_kept_as_it_is() -> None:
    assert expected.arrays("outputs", [1e300], ONE)["y"].tolist() == [1e300]


@pytest.mark.parametrize(
    ("layout", "value", "text"),
    [
        ("predictions", {"y": 1}, '"predictions" is not a list'),
        ("predictions", [[1], [1, 2]], 'output "y"[1]: 2 values where 1 were expected'),
        ("predictions", [{"y": 1, "label": "a"}, 3], "predictions[1] is no object"),
    ],
)
def test_what_no_model_could_answer_is_malformed(layout, value, text) -> None:
    chosen = TWO if "label" in json.dumps(value) else ONE
    with pytest.raises(MalformedBody) as caught:
        expected.arrays(layout, value, chosen)
    assert text in caught.value.message


@pytest.mark.parametrize(
    ("layout", "value", "chosen", "text"),
    [
        ("outputs", {"z": [1]}, TWO, '"outputs" has "z", and the model\'s answer has "y", "label"'),
        ("predictions", [{"y": 1}], TWO, 'predictions[0] has "y"'),
        ("predictions", [[1]], TWO, "values without names were given"),
        ("predictions", ["cat"], ONE, 'output "y"[0]: "cat" where a float64 was expected'),
        ("outputs", [1.5], signature(y="int32"), "is no whole number"),
        ("outputs", [1], signature(y="complex64"), "which JSON cannot carry"),
    ],
)
def test_what_only_another_model_could_answer_is_a_mismatch(layout, value, chosen, text) -> None:
    with pytest.raises(InputMismatch) as caught:
        expected.arrays(layout, value, chosen)
    assert text in caught.value.message
