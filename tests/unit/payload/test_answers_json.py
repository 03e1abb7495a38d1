from __future__ import annotations

import json
import math
from unittest import mock

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from neuronserve.errors import InputMismatch, NotAcceptable
from neuronserve.payload import Form, Kind, choose, encode, encode_results, jsonanswer, media_type
from tests.unit.payload.specs import outputs

JSON = media_type("application/json")


def write(arrays, form=Form.ROW, media=JSON):
    body, content_type = encode(arrays, media, form, outputs(**dict.fromkeys(arrays, "float32")))
    assert content_type == media.name
    return body.decode()


def objects(value):
    array = np.empty(np.shape(value), object)
    array[...] = value
    return array


Y = {"y": np.array([[0.1, 1], [2, 3]], np.float32)}


def test_the_form_of_the_request_is_the_form_of_the_answer():
    assert write(Y, Form.ROW) == '{"predictions":[[0.1,1.0],[2.0,3.0]]}'
    assert write(Y, Form.COLUMN) == '{"outputs":[[0.1,1.0],[2.0,3.0]]}'
    assert write(Y, Form.FREE) == '{"predictions":[[0.1,1.0],[2.0,3.0]]}'


def test_several_outputs_are_objects_by_name():
    arrays = {"s": np.array([0.5, np.nan], np.float16), "t": objects([b"a", b"\xff"])}
    assert write(arrays, Form.ROW) == '{"predictions":[{"s":0.5,"t":"a"},{"s":NaN,"t":{"b64":"/w=="}}]}'
    assert write(arrays, Form.COLUMN) == '{"outputs":{"s":[0.5,NaN],"t":["a",{"b64":"/w=="}]}}'


def test_rows_need_a_common_batch_axis():
    for arrays in ({"a": np.zeros(2), "b": np.zeros(3)}, {"a": np.zeros(())}):
        with pytest.raises(InputMismatch, match="no common batch axis"):
            write(arrays, Form.ROW)
        assert write(arrays, Form.FREE).startswith('{"outputs":')


def test_json_lines_is_the_same_on_one_line():
    for name in ("application/jsonlines", "application/x-ndjson"):
        answer = write(Y, media=choose(name))
        assert "\n" not in answer
        assert json.loads(answer) == {"predictions": Y["y"].astype(float).round(6).tolist()}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_nan_and_the_infinities_have_tf_servings_words(dtype):
    wanted = np.dtype(ml_dtypes.bfloat16) if dtype == "bfloat16" else dtype
    assert (
        write({"y": np.array([np.nan, 1, np.inf, -np.inf], wanted)})
        == '{"predictions":[NaN,1.0,Infinity,-Infinity]}'
    )


@given(npst.arrays("f4", npst.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=5)))
def test_many_lists_are_written_some_at_a_time_to_the_same_text(array):
    with mock.patch.object(jsonanswer, "_LISTS", 2):
        written = write({"y": array}, Form.COLUMN)
    assert written == write({"y": array}, Form.COLUMN)


FLOATS = st.sampled_from(["f2", "f4", "f8", ">f4"])
INTEGERS = st.sampled_from(["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i8", "bool"])


@given(npst.arrays(FLOATS | INTEGERS, npst.array_shapes(min_dims=1, min_side=0)), st.booleans())
def test_what_is_written_reads_back_the_same(array, turned):
    array = array.T if turned else array
    found = json.loads(write({"y": array}, Form.COLUMN))["outputs"]
    assert np.array_equal(
        np.array(found, array.dtype).reshape(array.shape), array, equal_nan=array.dtype.kind == "f"
    )


@given(npst.arrays(FLOATS | INTEGERS, npst.array_shapes(min_dims=1, max_dims=2, max_side=3)))
def test_rows_of_several_outputs_read_back_the_same(array):
    rows = json.loads(write({"a": array, "b": array[:, None]}))["predictions"]
    assert len(rows) == len(array)
    equal_nan = array.dtype.kind == "f"
    for row, wanted in zip(rows, array, strict=True):
        assert np.array_equal(np.array(row["a"], array.dtype), wanted, equal_nan=equal_nan)
        assert np.array_equal(np.array(row["b"], array.dtype)[0], wanted, equal_nan=equal_nan)


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.array(0.1, np.float32), "0.1"),
        (np.array(math.nan), "NaN"),
        (np.array(2**63, np.uint64), "9223372036854775808"),
        (np.array(True), "true"),
        (objects(b"a"), '"a"'),
        (np.zeros((0, 3), np.float32), "[]"),
        (np.zeros((2, 0), np.int32), "[[],[]]"),
        (np.array([2**53 + 1, -(2**63)]), "[9007199254740993,-9223372036854775808]"),
    ],
)
def test_scalars_empty_arrays_and_large_integers_are_exact(array, text):
    assert write({"y": array}, Form.COLUMN) == f'{{"outputs":{text}}}'


def test_names_that_end_in_bytes_are_base64():
    assert write({"image_bytes": objects([b"hi"])}) == '{"predictions":[{"b64":"aGk="}]}'


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_text_of_any_unicode_reads_back(texts):
    assert json.loads(write({"y": objects([t.encode() for t in texts])}))["predictions"] == texts


def test_null_in_text_stays_text():
    assert write({"y": objects([b"null"])}) == '{"predictions":["null"]}'


def test_complex_outputs_have_no_json():
    with pytest.raises(NotAcceptable, match="complex64, which JSON cannot carry"):
        write({"y": np.zeros(2, np.complex64)})


def test_results_are_label_and_score_or_a_number():
    classes = [[("a", 0.1), (b"b", 0.9)], [("c", math.nan)]]
    assert encode_results(classes, JSON) == (
        b'{"results":[[["a",0.1],["b",0.9]],[["c",NaN]]]}',
        "application/json",
    )
    assert encode_results([0.1, math.inf], JSON)[0] == b'{"results":[0.1,Infinity]}'
    with pytest.raises(NotAcceptable):
        encode_results([0.1], choose(Kind.CSV))


def test_protobuf_is_the_gateways():
    with pytest.raises(NotAcceptable):
        write(Y, media=choose(Kind.PROTOBUF))
