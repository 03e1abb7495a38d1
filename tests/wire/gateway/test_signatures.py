"""Signatures as strangers write them: shapes that are wrong or absent, composite tensors, method names.

The reference is TensorFlow Serving: json_tensor_test.cc and its saved_model_half_plus_two.py, whose model
declares [-1, 1] and takes [1.0, 2.0, 5.0].
"""

from __future__ import annotations

import io
import json

import grpc
import numpy as np
import pytest

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.messages import predict_pb2
from neuronserve.modelserver import calls
from neuronserve.state import Model
from tests.wire.conftest import Signature

SHAPES = {"wrong": (-1, 1), "absent": None, "scalar": (), "other rank": (-1, 2, 2)}


def halved(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {"y": arrays["x"] / 2 + 2}


def half_plus_two(scripted, shape: tuple[int, ...] | None):
    return scripted(
        {"serving_default": Signature({"x": ("float32", shape)}, {"y": ("float32", shape)})}, halved
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"instances": [1.0, 2.0, 5.0]}, {"predictions": [2.5, 3.0, 4.5]}),
        ({"inputs": [1.0, 2.0, 5.0]}, {"outputs": [2.5, 3.0, 4.5]}),
        ({"inputs": 1.0}, {"outputs": 2.5}),
        ({"instances": [{"x": 1.0}, {"x": 2.0}]}, {"predictions": [2.5, 3.0]}),
        ({"instances": [[1.0, 2.0], [5.0, 0.0]]}, {"predictions": [[2.5, 3.0], [4.5, 2.0]]}),
        ({"inputs": {"x": [[[1.0]]]}}, {"outputs": [[[2.5]]]}),
    ],
)
def test_a_declared_shape_is_the_model_servers_to_judge(gateway, scripted, shape, body, answer) -> None:
    reply = gateway(half_plus_two(scripted, shape)).post(json.dumps(body))
    assert (reply.status_code, reply.json) == (200, answer)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_bodies_of_all_types_reach_a_model_whose_shape_says_otherwise(gateway, scripted, shape) -> None:
    made = gateway(half_plus_two(scripted, shape))
    assert made.post("1.0,2.0,5.0", "text/csv").json == {"predictions": [[2.5, 3.0, 4.5]]}
    assert made.post("[1.0,2.0,5.0]\n[1.0,2.0,5.0]", "application/jsonlines").json == {
        "predictions": [[2.5, 3.0, 4.5]] * 2
    }
    file = io.BytesIO()
    np.save(file, np.float32([1, 2, 5]))
    assert made.post(file.getvalue(), "application/x-npy").json == {"predictions": [2.5, 3.0, 4.5]}


def test_large_bodies_are_read_alike(gateway, scripted) -> None:
    values = [float(i) for i in range(2000)]
    made = gateway(half_plus_two(scripted, (-1, 1)))
    assert made.post(json.dumps({"instances": values})).json == {"predictions": [v / 2 + 2 for v in values]}
    csv = ",".join(map(str, values))
    assert made.post(csv, "text/csv").json == {"predictions": [[v / 2 + 2 for v in values]]}


@pytest.mark.parametrize(
    ("inputs", "body", "told"),
    [
        (
            {"x": ("float32", (-1, 4))},
            {"instances": [1, 2]},
            'input "x" has shape [2]; the signature declares [?, 4], one dimension is missing',
        ),
        (
            {"x": ("float32", (-1, 4))},
            {"inputs": [[[1, 2, 3, 4]]]},
            "has shape [1, 1, 4]; the signature declares [?, 4], there is one dimension too many",
        ),
        (
            {"x": ("float32", (-1, 4)), "keep_prob": ("float32", ())},
            {"instances": [{"x": [1, 2, 3, 4], "keep_prob": 0.5}]},
            'the signature declares [], a single value is meant: send the column form, {"inputs":',
        ),
        (
            {"x": ("float32", (-1, 4)), "training": ("bool", ())},
            {"inputs": {"x": [[1, 2, 3, 4]], "training": [True]}},
            'input "training" has shape [1]; the signature declares [], a single value is meant',
        ),
        ({"x": ("float32", (-1, 4))}, {"inputs": [[1, 2, 3]]}, "[1, 3]; the signature declares [?, 4]"),
    ],
)
def test_the_servers_refusal_is_explained_by_the_declared_shape(
    gateway, scripted, inputs, body, told: str
) -> None:
    server = scripted({"serving_default": Signature(inputs, {"y": ("float32", (-1,))})})
    server.fail = (grpc.StatusCode.INVALID_ARGUMENT, "Matrix size-incompatible: In[0]: [2], In[1]: [4,1]")
    reply = gateway(server).post(json.dumps(body))
    assert (reply.status_code, reply.json["code"]) == (400, "input_mismatch")
    assert "the model refused the request: Matrix size-incompatible" in reply.json["error"]
    assert told in reply.json["error"]
    assert "wrapped twice" not in reply.json["error"] or "too many" in told


def test_a_refusal_of_what_fits_is_not_explained(gateway, scripted) -> None:
    server = scripted()
    server.fail = (grpc.StatusCode.INVALID_ARGUMENT, "indices[0] = 9 is not in [0, 3)")
    error = gateway(server).post('{"instances": [[1, 2]]}').json["error"]
    assert error == "the model refused the request: indices[0] = 9 is not in [0, 3)"


def test_a_record_of_a_batch_transform_is_explained_with_its_line(gateway, scripted) -> None:
    server = half_plus_two(scripted, (-1, 4))
    server.fail = (grpc.StatusCode.INVALID_ARGUMENT, "no")
    made = gateway(server, environ={"SAGEMAKER_BATCH": "true"})
    error = made.post("1,2\n", "text/csv", Accept="text/csv").json["error"]
    assert 'line 1: the model refused the request: no (input "x" has shape [1, 2]' in error


def test_what_a_compiled_model_cannot_take_is_refused_before_the_call(gateway, scripted) -> None:
    server = half_plus_two(scripted, (4, 2))
    compiled = Compiled(1, neuron=True, signatures={"serving_default": SignatureBatch(4, inputs=("x",))})
    made = gateway(server, models=(Model("m", (1,), (compiled,)),))
    reply = made.post('{"instances": [[1, 2, 3]]}')
    assert (reply.status_code, reply.json["code"]) == (400, "input_mismatch")
    assert "the signature wants [?, 2]" in reply.json["error"]
    assert not server.requests


COLUMNS = dict.fromkeys(("weight", "b10", "age", "B", "b9", "height"), ("float32", (-1,)))


def weighed(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {"code": sum(arrays[name] * 10**i for i, name in enumerate(sorted(arrays)))}


@pytest.mark.parametrize("turn", range(len(COLUMNS)))
def test_csv_columns_are_the_inputs_by_name_however_the_map_has_them(gateway, scripted, turn: int) -> None:
    items = list(COLUMNS.items())
    inputs = dict(items[turn:] + items[:turn])
    server = scripted({"serving_default": Signature(inputs, {"code": ("float32", (-1,))})}, weighed)
    made = gateway(server)
    assert made.post("1,2,3,4,5,6\n", "text/csv").json == {"predictions": [654321.0]}
    (model,) = made.get("/").json["models"]
    assert model["signatures"]["serving_default"]["csv_columns"] == sorted(COLUMNS)


def test_csv_columns_are_in_the_models_own_order_where_it_has_one(gateway, scripted) -> None:
    order = ("height", "age", "B", "weight", "b9", "b10")
    server = scripted({"serving_default": Signature(COLUMNS, {"code": ("float32", (-1,))})}, weighed)
    compiled = Compiled(1, columns={"serving_default": order})
    row = ",".join(str(sorted(COLUMNS).index(name) + 1) for name in order)
    for environ in ({}, {"SAGEMAKER_BATCH": "true", "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD"}):
        made = gateway(server, environ=environ, models=(Model("m", (1,), (compiled,)),))
        answer = made.post(row + "\n", "text/csv", Accept="text/csv")
        assert (answer.status_code, answer.data) == (200, b"654321.0\n")


@pytest.mark.parametrize("encoded", ["x", "y"])
def test_a_signature_with_a_composite_tensor_is_refused_in_words_and_the_others_serve(
    gateway, scripted, encoded: str
) -> None:
    shapes = {"x": ("float32", (-1, 2))}, {"y": ("float32", (-1, 2))}
    server = scripted(
        {"serving_default": Signature(*shapes, composite=(encoded,)), "dense": Signature(*shapes)}
    )
    made = gateway(server)
    reply = made.post('{"instances": [[1, 2]]}')
    assert (reply.status_code, reply.json["code"]) == (400, "input_mismatch")
    assert f'signature "serving_default" cannot be called: "{encoded}" (composite)' in reply.json["error"]
    assert 'dense signatures: "dense"' in reply.json["error"]
    assert made.post('{"signature_name": "dense", "instances": [[1, 2]]}').status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "answer"),
    [
        ("5", "application/json", [4.5]),
        ('{"x": 5}', "application/json", [4.5]),
        ("5\n6\n", "application/jsonlines", [4.5, 5.0]),
        ("5\n", "application/jsonlines", [4.5]),
        ("5\n6\n", "text/csv", [4.5, 5.0]),
        ("5\n", "text/csv", [4.5]),
        ("[5, 6]", "application/json", [[4.5, 5.0]]),
    ],
)
def test_records_for_an_input_of_a_single_value_are_alike_in_all_forms(
    gateway, scripted, body: str, content_type: str, answer: list
) -> None:
    reply = gateway(half_plus_two(scripted, ())).post(body, content_type)
    assert (reply.status_code, reply.json) == (200, {"predictions": answer})


def test_a_message_of_the_clients_own_may_ask_for_the_dense_outputs_alone(gateway, scripted) -> None:
    shapes = {"x": ("float32", (-1, 2))}, {"y": ("float32", (-1, 2)), "r": ("float32", None)}
    server = scripted({"serving_default": Signature(*shapes, composite=("r",))})
    request = calls.predict_request(
        calls.Spec("m"), {"x": np.float32([[1, 2]])}, {"x": "float32"}, outputs=["y"]
    )
    reply = gateway(server).post(request, "application/x-protobuf")
    assert reply.status_code == 200
    assert list(predict_pb2.PredictResponse.FromString(reply.data).outputs["y"].float_val) == [2.0, 4.0]


def test_a_refusal_that_shows_a_signature_is_told_whole(gateway, scripted) -> None:
    server = scripted()
    text = 'No inputs found in SignatureDef: inputs {\n  key: "x"\n}\nmethod_name: "p"\n'
    server.fail = (grpc.StatusCode.INVALID_ARGUMENT, text)
    error = gateway(server).post('{"instances": [[1, 2]]}').json["error"]
    assert error.endswith('SignatureDef: inputs { key: "x" } method_name: "p"')


@pytest.mark.parametrize("method_name", ["", "my/Method", "tensorflow/serving/predict"])
@pytest.mark.parametrize("method", ["predict", "classify", "regress"])
def test_any_method_calls_any_signature_as_method_name_is_not_checked(
    gateway, scripted, method_name: str, method: str
) -> None:
    shapes = {"x": ("float32", (-1, 2))}, {"y": ("float32", (-1, 2))}
    made = gateway(scripted({"serving_default": Signature(*shapes, method=method_name)}))
    body = '{"instances": [[1, 2]]}' if method == "predict" else '{"examples": [{"x": 1.0}]}'
    reply = made.post(body, X_Amzn_SageMaker_Custom_Attributes=f"tfs-method={method}")
    assert reply.status_code == 200


@pytest.mark.parametrize("method", ["classify", "regress"])
def test_a_signature_without_what_a_method_needs_is_the_callers_mistake(gateway, scripted, method) -> None:
    server = scripted()
    server.fail = (grpc.StatusCode.FAILED_PRECONDITION, "No classification inputs found in SignatureDef")
    reply = gateway(server).post(
        '{"examples": [{"x": 1}]}', X_Amzn_SageMaker_Custom_Attributes=f"tfs-method={method}"
    )
    assert (reply.status_code, reply.json["code"]) == (400, "input_mismatch")
    assert "No classification inputs found" in reply.json["error"]


@pytest.mark.parametrize(
    ("body", "near"),
    [
        ("{}", ""),
        ('{"instance": [[1, 2]]}', 'did you mean "instances" by "instance"?'),
        ('{"Instances": [[1, 2]]}', 'did you mean "instances" by "Instances"?'),
        ('{"input": [[1, 2]]}', 'did you mean "inputs" by "input"?'),
        ('{"signature-name": "a", "z": 1}', 'did you mean "signature_name" by "signature-name"?'),
        ('{"signature_name": "serving_default"}', ""),
        ('{"data": [[1, 2]]}', ""),
    ],
)
def test_an_object_that_is_no_request_is_told_what_one_is(gateway, body: str, near: str) -> None:
    reply = gateway().post(body)
    assert reply.status_code == 400
    assert '{"instances": [...]}' in reply.json["error"]
    assert '{"inputs": ...}' in reply.json["error"]
    assert near in reply.json["error"]


def test_other_keys_are_ignored_in_the_column_form_as_tensorflow_serving_does(gateway) -> None:
    numbers = [[float(i), 0.5] for i in range(400)]  # beyond what the exact reading alone is used for
    for value in ([[1.0, 2.0]], numbers):
        body = {"inputs": {"x": value, "unknown": [1]}, "note": "beside it"}
        assert gateway().post(json.dumps(body)).json == {"outputs": [[2 * a, 2 * b] for a, b in value]}


def test_integers_that_float32_cannot_hold_are_rounded_as_tensorflow_serving_does(gateway) -> None:
    values = [[16777217, 9007199254740993], [2**63, -(2**64)]]
    answer = gateway().post(json.dumps({"instances": values})).json["predictions"]
    assert np.float32(answer).tolist() == (np.float32(values) * 2).tolist()
