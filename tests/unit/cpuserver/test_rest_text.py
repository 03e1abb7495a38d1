import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.cpuserver.rest import answers, reading, text
from neuronserve.cpuserver.rest.requests import Form
from neuronserve.cpuserver.status import StatusError
from neuronserve.cpuserver.tensorproto import encode


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.2), "0.2"),
        (np.float32(2), "2.0"),
        (np.float32(9e6), "9e+06"),
        (np.float32(16777217), "16777216.0"),
        (np.float64(0.1), "0.1"),
        (np.float64(1 / 3), "0.33333333333333331"),
        (np.float32("nan"), "NaN"),
        (np.float32("-inf"), "-Infinity"),
    ],
)
def test_numbers_are_written_as_tf_serving_writes_them(value, expected):
    assert text.decimals(np.array([value])) == [expected]


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float32_is_read_back_exactly(value):
    assert np.float32(json.loads(text.decimals(np.array([value], np.float32))[0])) == np.float32(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float64_is_read_back_exactly(value):
    assert json.loads(text.decimals(np.array([value]))[0]) == value


@given(
    st.recursive(
        st.floats(width=32, allow_nan=False, allow_infinity=False), lambda s: st.lists(s, max_size=3)
    )
)
def test_nested_lists_are_read_as_a_rectangle_or_refused(value):
    try:
        expected = np.array(value, np.float32)
    except ValueError:
        with pytest.raises(StatusError):
            reading.tensor(value, 1)
        return
    if expected.size or expected.ndim == 1:
        assert reading.tensor(value, 1).tolist() == expected.tolist()


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_quoted_so_that_json_reads_it_back(value):
    assert json.loads(text.encode(text.quote(value.encode()))) == value


def test_outputs_of_different_batch_sizes_are_no_rows():
    outputs = {"a": encode(np.zeros(2, np.float32), 1), "b": encode(np.zeros(3, np.float32), 1)}
    with pytest.raises(StatusError, match="inconsistent batch size"):
        answers.predictions(outputs, Form.ROW)
    with pytest.raises(StatusError, match="has no shape information"):
        answers.predictions({"a": encode(np.float32(1).reshape(()), 1)}, Form.ROW)
    assert json.loads(answers.predictions(outputs, Form.COLUMN))["outputs"] == {"a": [0, 0], "b": [0, 0, 0]}


@pytest.mark.parametrize(
    ("value", "dtype", "complaint"),
    [
        (2**31, 4, "is not of expected type: uint8"),
        (1.5, 9, "is not of expected type: int64"),
        (True, 3, "Type: True"),
        (None, 1, "Type: Null"),
        ({"b64": "!"}, 7, "Unable to base64 decode"),
        ({"b64": "YQ==", "x": 1}, 7, "not formatted correctly for base64"),
        (10**400, 1, "Number too big to be stored in double."),
        ([1], 8, "Conversion of JSON Value: 1 to type: complex64"),
        (1, 10, "is not of expected type: bool"),
    ],
)
def test_values_of_another_type_are_refused(value, dtype, complaint):
    with pytest.raises(StatusError) as caught:
        reading.tensor(value, dtype)
    assert complaint in caught.value.message
