from __future__ import annotations

import numpy as np
import pytest

from neuronserve.errors import InputMismatch, MalformedBody, UnknownTarget
from neuronserve.payload import Form, Signature, TensorSpec, decode, jsontext
from tests.unit.payload.specs import THREE, TWO, signatures

ROW, COLUMN = Form.ROW, Form.COLUMN
IMAGE = signatures(x=("float32", (None, 2, 2, 1)))
TEXT = signatures(t=("string", (None,)))


def read(body, known=THREE, content_type="application/json", **options):
    return decode(body if isinstance(body, bytes) else body.encode(), content_type, known, **options)


@pytest.mark.parametrize(
    ("body", "form", "rows"),
    [
        ('{"instances": [[1, 2, 5]]}', ROW, [[1, 2, 5]]),
        ('{"instances": [{"x": [1, 2, 5]}, {"x": [3, 4, 6]}]}', ROW, [[1, 2, 5], [3, 4, 6]]),
        ('{"inputs": [[1, 2, 5]]}', COLUMN, [[1, 2, 5]]),
        ('{"inputs": {"x": [[1, 2, 5]]}}', COLUMN, [[1, 2, 5]]),
        ('{"signature_name": "serving_default", "inputs": [[1, 2, 5]]}', COLUMN, [[1, 2, 5]]),
        ('{"instances": [[1, 2, 5]], "parameters": {"temperature": 1}}', ROW, [[1, 2, 5]]),
        ("[1, 2, 5]", ROW, [[1, 2, 5]]),
        ("[[1, 2, 5], [3, 4, 6]]", ROW, [[1, 2, 5], [3, 4, 6]]),
        ('{"x": [1, 2, 5]}', ROW, [[1, 2, 5]]),
        ('[{"x": [1, 2, 5]}, {"x": [3, 4, 6]}]', ROW, [[1, 2, 5], [3, 4, 6]]),
        ("[1, 2, 5]\n[3, 4, 6]\n", ROW, [[1, 2, 5], [3, 4, 6]]),
        ("[1, 2, 5] [3, 4, 6]", ROW, [[1, 2, 5], [3, 4, 6]]),
        ("[1,\n 2, 5]\r\n\r\n[3, 4,\n6]", ROW, [[1, 2, 5], [3, 4, 6]]),
        ('{"x": [1, 2, 5]}\n{"x": [3, 4, 6]}', ROW, [[1, 2, 5], [3, 4, 6]]),
        ("\ufeff [1, 2, 5]", ROW, [[1, 2, 5]]),
    ],
)
def test_each_form_that_clients_of_sagemaker_and_tf_serving_send_is_read(body, form, rows):
    found = read(body)
    assert found.form is form
    assert found.rows == len(rows)
    assert found.arrays["x"].dtype == np.float32
    assert found.arrays["x"].tolist() == rows


@pytest.mark.parametrize("name", ["application/jsonlines", "application/jsons", "application/x-ndjson"])
def test_one_json_line_is_a_batch_of_one(name):
    assert read("[1, 2, 5]\n", content_type=name).arrays["x"].tolist() == [[1, 2, 5]]


def test_several_inputs_are_read_by_name_in_every_form():
    for body in (
        '{"instances": [{"a": [1, 2], "b": 3}, {"b": 6, "a": [4, 5]}]}',
        '{"inputs": {"a": [[1, 2], [4, 5]], "b": [3, 6]}}',
        '{"a": [1, 2], "b": 3}\n{"a": [4, 5], "b": 6}',
        '[{"a": [1, 2], "b": 3}, {"a": [4, 5], "b": 6}]',
    ):
        arrays = read(body, TWO).arrays
        assert arrays["a"].tolist() == [[1, 2], [4, 5]]
        assert arrays["b"].tolist() == [3, 6]
        assert arrays["b"].dtype == np.int64


def test_a_bare_list_that_fits_only_as_the_other_reading_is_read_so():
    image = "[[[1], [2]], [[3], [4]]]"
    assert read(image, IMAGE).arrays["x"].shape == (1, 2, 2, 1)
    assert read(f"[{image}, {image}]", IMAGE).arrays["x"].shape == (2, 2, 2, 1)
    assert read("[1, 2, 5]", signatures(x=("float32", (None,)))).arrays["x"].tolist() == [1, 2, 5]
    assert read("7", signatures(x=("float32", (None,)))).arrays["x"].tolist() == [7]


def test_a_bare_list_follows_the_rule_where_the_signature_leaves_it_open():
    anything = signatures(x=("float32", None))
    assert read("[1, 2, 5]", anything).arrays["x"].shape == (1, 3)
    assert read("[[1, 2, 5]]", anything).arrays["x"].shape == (1, 3)


def test_a_scalar_input_takes_a_scalar_column():
    found = read('{"inputs": 5}', signatures(x=("int32", ())))
    assert found.arrays["x"].shape == ()
    assert found.rows is None


@pytest.mark.parametrize(
    ("shape", "wanted"), [((None, 3), (0, 3)), ((None, None, 2), (0, 0, 2)), ((None,), (0,)), (None, (0,))]
)
def test_an_empty_batch_takes_its_shape_from_the_signature(shape, wanted):
    for body in ('{"instances": []}', '{"inputs": []}', "[]"):
        assert read(body, signatures(x=("float32", shape))).arrays["x"].shape == wanted


def test_an_empty_batch_of_several_inputs_has_them_all():
    arrays = read('{"instances": []}', TWO).arrays
    assert {name: array.shape for name, array in arrays.items()} == {"a": (0, 2), "b": (0,)}


@pytest.mark.parametrize("value", ['{"b64": "aGk="}', '"hi"', '{"b64": "aGk"}'])
def test_a_string_is_text_or_base64(value):
    for body in (
        f'{{"instances": [{value}]}}',
        f'{{"inputs": [{value}]}}',
        f"[{value}]",
        f'{{"t": {value}}}',
        value,
    ):
        assert read(body, TEXT).arrays["t"].tolist() == [b"hi"]


@pytest.mark.parametrize("body", ['{"instances": [{"b64": "aGk="}]}', '{"inputs": [{"b64": "aGk="}]}'])
def test_an_input_named_b64_is_base64_as_tensorflow_serving_reads_it(body):
    found = read(body, signatures(b64=("string", (None,))))
    assert found.arrays["b64"].tolist() == [b"hi"]


@pytest.mark.parametrize(
    ("body", "known", "error", "text"),
    [
        (
            '{"instances": [[1,2,3]], "inputs": [[1,2,3]]}',
            THREE,
            MalformedBody,
            'both "instances" and "inputs"',
        ),
        ('{"instances": {"x": 1}}', THREE, MalformedBody, '"instances" is not a list'),
        ('{"x": [1,2,3], "x": [1,2,3]}', THREE, MalformedBody, '"x" occurs twice'),
        ('{"instances": [{"x": [1,2,3]}, [1,2,3]]}', THREE, MalformedBody, r"instances\[1\] is no object"),
        ('{"signature_name": 5, "inputs": 1}', THREE, MalformedBody, '"signature_name" is not a string'),
        (
            '{"signature_name": "other", "inputs": 1}',
            THREE,
            UnknownTarget,
            'no signature "other".*serving_default',
        ),
        ('{"y": [1, 2, 3]}', THREE, InputMismatch, '"x" is missing, "y" is unknown'),
        ('{"inputs": {"a": [[1, 2]]}}', TWO, InputMismatch, '"b" is missing'),
        (
            '{"instances": [{"a": [1, 2], "b": 1}, {"a": [1, 2]}]}',
            TWO,
            InputMismatch,
            r'instances\[1\]: "b" is',
        ),
        ('{"instances": [[1, 2]]}', TWO, InputMismatch, "2 inputs, which must be given by name"),
        ("[1, 2]", THREE, InputMismatch, r'input "x" has shape \[1, 2\]; the signature wants \[\?, 3\]'),
        ('{"instances": [1, 2]}', THREE, InputMismatch, "one dimension is missing"),
        ('{"instances": [[[1, 2, 3]]]}', THREE, InputMismatch, "one dimension too many"),
        (
            '{"instances":[[1,2,3]]}\n{"instances":[[1,2,3]]}',
            THREE,
            MalformedBody,
            "document 1 of 2 is a whole request",
        ),
        ('{"instances": [[1, 2, 3]]} x', THREE, MalformedBody, "not JSON"),
        ("", THREE, MalformedBody, "empty"),
        ("  \n ", THREE, MalformedBody, "empty"),
        ('{"instances": [[1, 2, 3]', THREE, MalformedBody, "not JSON.*ends too early"),
        ("1,2,3", THREE, MalformedBody, "not JSON"),
    ],
)
def test_a_wrong_request_is_refused_with_what_and_where(body, known, error, text):
    with pytest.raises(error, match=text):
        read(body, known)


@pytest.mark.parametrize(
    ("body", "known", "start"),
    [
        (
            '{"junk": "data"}',
            THREE,
            "0 key: junk of 'instances' list. Error: JSON object: does not have named",
        ),
        ('{"instances": [{"x": [1,2,3]}, {"y": 1}]}', THREE, "1 key: y of 'instances' list."),
        ('[{"a": [1, 2], "b": 1, "c": 2}]', TWO, "0 key: c of 'instances' list."),
        ('{"a": [1, 2], "b": 1}\n{"c": 2}', TWO, "1 key: c of 'instances' list."),
        ('{"instances": [{"a": [1, 2]}]}', TWO, "0 of 'instances' list. Its keys must be equal to: a,b"),
        ("{}", THREE, "0 of 'instances' list. Its keys must be equal to: x"),
    ],
)
def test_wrong_names_in_a_row_are_told_in_tensorflow_servings_words_first(body, known, start):
    """FillTensorMapFromInstancesList in json_tensor.cc; AWS's container test asserts the beginning."""
    with pytest.raises(InputMismatch) as caught:
        read(body, known)
    assert str(caught.value).startswith(f"Failed to process element: {start}")
    assert "is missing" in str(caught.value) or "is unknown" in str(caught.value)


def test_a_signature_is_chosen_by_the_body_or_the_attributes_but_not_by_both_differently():
    spec = {"x": TensorSpec("x", "int32", (None,))}
    both = {name: Signature(name, "predict", spec, {}) for name in ("serving_default", "other")}
    assert read('{"signature_name": "other", "instances": [1]}', both).signature.name == "other"
    assert read("[1]", both, signature_name="other").signature.name == "other"
    assert read('{"instances": [1]}', both).signature.name == "serving_default"
    with pytest.raises(MalformedBody, match=r'"other", the custom attributes for "serving_default"'):
        read('{"signature_name": "other", "instances": [1]}', both, signature_name="serving_default")


def test_the_only_signature_is_the_default_whatever_its_name():
    only = {"predict_images": THREE["serving_default"]}
    assert read("[1, 2, 3]", only).rows == 1


def test_without_a_default_several_signatures_must_be_named():
    two = {"one": THREE["serving_default"], "two": THREE["serving_default"]}
    with pytest.raises(UnknownTarget, match=r'default signature "serving_default".*"one", "two"'):
        read("[1, 2, 3]", two)


CLASSIFY = {"serving_default": Signature("serving_default", "classify", {}, {})}


@pytest.mark.parametrize("content_type", ["application/json", "application/jsonlines"])
def test_examples_are_read_as_features_with_their_context(content_type):
    body = '{"context": {"c": 1}, "examples": [{"f": [1, 2.5], "s": ["a", {"b64": "/w=="}], "i": 3}, {}]}'
    found = read(body, CLASSIFY, content_type, method="classify")
    assert found.form is Form.EXAMPLES
    assert found.examples == [{"f": [1.0, 2.5], "s": [b"a", b"\xff"], "i": [3]}, {}]
    assert found.context == {"c": [1]}
    assert found.rows == 2


@pytest.mark.parametrize("body", ['{"f": 1}', '[{"f": 1}]', '{"f": [1]}\n{"f": 1}'])
def test_bare_examples_are_read_too(body):
    assert read(body, CLASSIFY, method="classify").examples[0] == {"f": [1]}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"examples": {"f": 1}}', "wants a list of examples"),
        ('{"examples": []}', "at least one"),
        ('{"examples": [1]}', r"examples\[0\] is not an object"),
        ('{"examples": [{"f": null}]}', r'examples\[0\]\["f"\] is neither'),
        ('{"examples": [{"f": ["a", 1]}]}', "mixture"),
        ('{"examples": [{"f": 9223372036854775808}]}', "beyond int64"),
        ('{"examples": [{"f": "\\ud800"}]}', "surrogate"),
        ('{"examples": [{"f": {"x": 1}}]}', "an object where"),
    ],
)
def test_wrong_examples_are_refused_with_their_place(body, text):
    with pytest.raises((MalformedBody, InputMismatch), match=text):
        read(body, CLASSIFY, method="classify")


def test_a_feature_whose_name_is_no_text_is_refused():
    with pytest.raises(MalformedBody, match="half of a surrogate pair"):
        decode(b'{"\\udc00\\ud800": 1}', "application/json", THREE, method="regress")


def test_what_is_quoted_of_a_features_name_is_bounded():
    body = b'{"examples": [{"%s": null}]}' % (b"x" * 4000)
    with pytest.raises(InputMismatch) as refused:
        decode(body, "application/json", THREE, method="regress")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("method", ["classify", "regress"])
def test_any_signature_takes_examples_as_tensorflow_serving_does_not_check_method_name(method):
    decoded = read('{"examples": [{"x": 1}]}', THREE, method=method)
    assert (decoded.signature.method, decoded.examples) == ("predict", [{"x": [1]}])


def test_true_and_false_are_whole_numbers_of_a_feature_as_in_json_tensor_test_cc():
    assert read('{"examples": [{"mix": [1, true, false]}]}', THREE, method="classify").examples == [
        {"mix": [1, 1, 0]}
    ]


# Faults 1 of the systems before: text inside strings must not change the path.
@pytest.mark.parametrize(
    "text", ['{"instances": [1]}', '"inputs":', "][", "]\n[", '\\"instances\\":', "[[", "}{"]
)
def test_a_string_that_looks_like_json_is_a_string(text):
    body = '["' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"]'
    assert read(body, TEXT).arrays["t"].tolist() == [text.encode()]
    padded = body.replace('["', '["' + "x" * 2000, 1)
    assert read(padded, TEXT).arrays["t"].tolist() == [b"x" * 2000 + text.encode()]


def test_examples_without_a_method_are_refused_with_the_attribute_to_set():
    with pytest.raises(MalformedBody, match="tfs-method=classify"):
        decode(b'{"examples": [{"x": 1}]}', "application/json", THREE)
    known = signatures(examples=("float32", (None,)))
    assert decode(b'{"examples": [1, 2]}', "application/json", known).arrays["examples"].tolist() == [1, 2]


def test_very_many_documents_are_refused_before_they_take_minutes(monkeypatch):
    monkeypatch.setattr(jsontext, "MOST_DOCUMENTS", 10)
    with pytest.raises(MalformedBody, match="more than 10 JSON documents"):
        jsontext.documents(b"1 " * 11)
    assert len(jsontext.documents(b"1 " * 10)) == 10
