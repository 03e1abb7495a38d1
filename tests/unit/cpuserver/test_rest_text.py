import base64
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.cpuserver.dtypes import numpy_dtype
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


@given(st.binary(max_size=30), st.data())
def test_base64_is_read_with_white_space_anywhere_and_with_or_without_its_padding(content, data):
    text_ = base64.b64encode(content).decode()
    if data.draw(st.booleans()):
        text_ = text_.rstrip("=")
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(text_)))
        text_ = text_[:at] + data.draw(st.sampled_from([" ", "\n", "\r\n", "\t", "\v", "\f"])) + text_[at:]
    assert reading.from_base64({"b64": text_}) == content


SHAPES = st.lists(st.integers(0, 3), min_size=1, max_size=4)
ARRAYS = {
    1: st.floats(width=32, allow_nan=False), 2: st.floats(allow_nan=False),
    3: st.integers(-(2**31), 2**31 - 1),
    7: st.text(st.characters(codec="utf-8"), max_size=4).map(str.encode), 9: st.integers(-(2**63), 2**63 - 1),
    10: st.booleans(), 23: st.integers(0, 2**64 - 1),
}  # fmt: skip


@given(st.sampled_from(sorted(ARRAYS)), SHAPES, st.integers(1, 2), st.sampled_from(Form), st.data())
def test_any_tensor_in_an_answer_is_what_a_json_reader_gets_back(dtype, shape, outputs, form, data):
    values = data.draw(st.lists(ARRAYS[dtype], min_size=math.prod(shape), max_size=math.prod(shape)))
    array = np.empty(len(values), numpy_dtype(dtype))
    array[:] = values
    array = array.reshape(shape)
    body = answers.predictions({f"y{at}": encode(array, dtype) for at in range(outputs)}, form)
    (actual,) = json.loads(body).values()
    if outputs == 2 and form is Form.ROW:
        assert all(row["y0"] == row["y1"] for row in actual)
        actual = [row["y0"] for row in actual]
    elif outputs == 2:
        assert actual["y0"] == actual["y1"]
        actual = actual["y0"]
    texts = [value.decode() if isinstance(value, bytes) else value for value in array.ravel().tolist()]
    expected = np.empty(len(texts), object)
    expected[:] = texts
    if dtype == 1:  # nine digits say which float32 it is
        actual = np.array(actual, np.float32).reshape(shape).tolist()
    assert actual == expected.reshape(shape).tolist()
