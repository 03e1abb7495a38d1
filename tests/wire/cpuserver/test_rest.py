import json
import math

import pytest


def post(server, path, body):
    status, text = server.http(
        f"/v1/models/{path}", body if isinstance(body, (str, bytes)) else json.dumps(body)
    )
    return status, json.loads(text)


def test_rows_in_give_predictions(server):
    assert post(server, "affine:predict", {"instances": [[1, 2], [0.2, 3e8]]}) == (
        200,
        {"predictions": [[4.0, 7.0], [1.6, 9e8]]},
    )


def test_columns_in_give_outputs(server):
    assert post(server, "affine:predict", {"inputs": [[1, 2]]}) == (200, {"outputs": [[4.0, 7.0]]})
    assert post(server, "affine:predict", {"inputs": {"x": [[1, 2]]}}) == (200, {"outputs": [[4.0, 7.0]]})


def test_floats_are_written_in_their_own_width(server):
    _, text = server.http("/v1/models/affine:predict", '{"instances": [[0.2, 2]]}')
    assert "1.6, 7.0" in text


def test_several_outputs_are_objects_and_bytes_are_base64(server):
    rows = [{"word": "ä", "times": 2}, {"word": {"b64": "/w=="}, "times": 3}]
    status, text = server.http("/v1/models/mixed/versions/1:predict", json.dumps({"instances": rows[:1]}))
    assert status == 200
    assert json.loads(text) == {
        "predictions": [{"doubled": 4, "joined": "ä*2", "raw_bytes": {"b64": "w6Q="}}]
    }
    columns = {"inputs": {"word": [{"b64": "/w=="}], "times": [3]}}
    with pytest.raises(UnicodeDecodeError):  # bytes that are no text go out as they are, as TF Serving does
        server.http("/v1/models/mixed:predict", json.dumps(columns))


def test_a_single_base64_row_is_a_value_not_an_object(server):
    body = {"signature_name": "length", "instances": [{"b64": "YWJj"}, {"b64": ""}]}
    assert post(server, "mixed:predict", body) == (200, {"predictions": [3, 0]})


def test_nan_and_infinity_pass_both_ways(server):
    body = '{"signature_name": "any", "inputs": [NaN, Infinity, -Infinity]}'
    status, answer = post(server, "shapes:predict", body)
    assert status == 200
    assert math.isnan(answer["outputs"][0])
    assert answer["outputs"][1:] == [math.inf, -math.inf]


def test_scalars_and_deep_lists_keep_their_shape(server):
    assert post(server, "shapes:predict", {"signature_name": "scalar", "inputs": 2}) == (
        200,
        {"outputs": 4.0},
    )
    body = {"signature_name": "any", "inputs": [[[1], [2]]]}
    assert post(server, "shapes:predict", body) == (200, {"outputs": [[[2.0], [4.0]]]})


@pytest.mark.parametrize(("name", "values"), [
    ("int64", [2**63 - 1, -(2**63)]), ("uint64", [2**64 - 1]), ("bool", [True, False]),
    ("float64", [0.1, 1e300]), ("string", ["a", ""]),
])  # fmt: skip
def test_json_carries_dtypes_exactly(server, name, values):
    assert post(server, "shapes:predict", {"signature_name": name, "inputs": values}) == (
        200,
        {"outputs": values},
    )


@pytest.mark.parametrize(("body", "text"), [
    ("", "JSON Parse error: The document is empty"),
    ("[1", "JSON Parse error: Missing a comma or ']' after an array element. at offset: 2"),
    ("[1]", "JSON Value: [1] Is not object"),
    ({}, "Missing 'inputs' or 'instances' key"),
    ({"instances": 1}, "Expecting 'instances' to be an list/array"),
    ({"instances": []}, "No values in 'instances' array"),
    ({"instances": [[1, 2]], "inputs": 1}, "expecting only one of 'inputs' or 'instances'"),
    ({"signature_name": 1}, "'signature_name' key must be a string value."),
    ({"signature_name": "foo"}, 'Serving signature name: "foo" not found in signature def'),
    ({"instances": ["x"]}, 'JSON Value: "x" Type: String is not of expected type: float'),
    ({"instances": [[1, True]]}, "Type: True is not of expected type: float"),
    ({"instances": [[1, 2], [1]]}, "Expecting tensor size: 2 but got: 1"),
    ({"instances": [[1, [2]]]}, "Encountered list at unexpected level: 1 expected < 1"),
    ({"instances": [{"z": [1, 2]}]}, "JSON object: does not have named input: z"),
    ({"instances": [{"x": [1, 2]}, [1, 2]]}, "Expecting object but got list at item 1 of input list"),
    ({"inputs": {"z": [1, 2]}}, "Missing named input: x in 'inputs' object."),
])  # fmt: skip
def test_a_wrong_body_is_a_400_with_tf_servings_text(server, body, text):
    status, answer = post(server, "affine:predict", body)
    assert status == 400
    assert text in answer["error"]


def test_classify_and_regress_take_examples_and_a_context(server):
    assert post(server, "examples:classify", {"examples": [{"x": 0.5}]}) == (
        200,
        {"results": [[["low", 0.0], ["high", 1.0]]]},
    )
    body = {"signature_name": "regress", "context": {"shift": 10.0}, "examples": [{"x": [1.0]}, {"x": 2.0}]}
    assert post(server, "examples:regress", body) == (200, {"results": [12.0, 14.0]})


@pytest.mark.parametrize(("body", "text"), [
    ({}, "key 'examples' is expected and was not found"),
    ({"examples": []}, "'examples' value is an empty array"),
    ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
    ({"examples": [{"x": None}]}, "Feature: x has element with unexpected JSON type: Null"),
    ({"examples": [{"x": [1.0, "a"]}]}, "Unexpected element type in feature: x expecting type: float"),
    ({"examples": [{"x": 2**63}]}, "Only int64_t is supported."),
])  # fmt: skip
def test_wrong_examples_are_a_400(server, body, text):
    status, answer = post(server, "examples:classify", body)
    assert status == 400
    assert text in answer["error"]


def test_status_and_metadata_of_a_model(server):
    status, text = server.http("/v1/models/affine/versions/1")
    assert status == 200
    assert json.loads(text) == {"model_version_status": [
        {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    ]}  # fmt: skip
    status, text = server.http("/v1/models/affine/metadata")
    metadata = json.loads(text)
    assert metadata["model_spec"]["version"] == "2"
    inputs = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
    assert inputs["x"]["dtype"] == "DT_FLOAT"


@pytest.mark.parametrize(("path", "body", "status", "text"), [
    ("/v1/models/nope", None, 404, "Could not find any versions of model nope"),
    ("/v1/models/nope:predict", "{}", 404, "Servable not found for request: Latest(nope)"),
    ("/v1/models/affine/labels/best:predict", "{}", 400, "Unrecognized servable version label: best"),
    ("/v1/models/affine:forecast", "{}", 400, "Malformed request: POST /v1/models/affine:forecast"),
    ("/v1/models", None, 400, "Missing model name in request."),
    ("/v1/models/affine/versions/99999999999999999999", None, 400, "Failed to convert version"),
])  # fmt: skip
def test_paths_that_lead_nowhere_say_so(server, path, body, status, text):
    found, answer = server.http(path, body)
    assert found == status
    assert text in json.loads(answer)["error"]
