"""Requests for models that were compiled at a batch, in every form and with every number of rows."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.messages import predict_pb2
from neuronserve.modelserver import calls
from neuronserve.state import Model, Server, State
from tests.wire.conftest import Signature

B = 4
ROWS = [0, 1, B - 1, B, B + 1, 10 * B + 3]
TEN_SECONDS = 10


def compiled(
    size: int = B,
    *,
    dynamic: bool = False,
    inputs: tuple[str, ...] = ("x",),
    unjoinable: tuple[str, ...] = (),
) -> tuple[Model, ...]:
    batch = SignatureBatch(size, dynamic, inputs, unjoinable)
    return (Model("m", (1,), (Compiled(1, neuron=True, cores=1, signatures={"serving_default": batch}),)),)


def exactly(size: int) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """A model whose shapes were compiled in: ``y = 2 x``, and ``n = x[0]`` as text."""

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        assert arrays["x"].shape == (size, 2)
        return {"y": arrays["x"] * 2}

    return predict


STATIC = {"serving_default": Signature({"x": ("float32", (B, 2))}, {"y": ("float32", (B, 2))})}


@pytest.fixture
def static(gateway, scripted):
    """A gateway before two servers of a model that takes four rows, no more and no less."""
    servers = scripted(STATIC, exactly(B)), scripted(STATIC, exactly(B))
    made = gateway(*servers, models=compiled())
    made.servers = servers
    return made


def x_of(n: int) -> np.ndarray[Any, Any]:
    return np.arange(2 * n, dtype=np.float32).reshape(n, 2)


def npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize("n", ROWS)
def test_rows_are_answered_in_rows(static, n: int) -> None:
    answer = static.post(json.dumps({"instances": x_of(n).tolist()}))
    assert (answer.status_code, answer.json) == (200, {"predictions": (x_of(n) * 2).tolist()})


@pytest.mark.parametrize("n", ROWS)
def test_rows_by_name_are_answered_in_rows(static, n: int) -> None:
    answer = static.post(json.dumps({"instances": [{"x": row} for row in x_of(n).tolist()]}))
    assert (answer.status_code, answer.json) == (200, {"predictions": (x_of(n) * 2).tolist()})


@pytest.mark.parametrize("n", ROWS)
def test_columns_are_answered_in_columns(static, n: int) -> None:
    answer = static.post(json.dumps({"inputs": {"x": x_of(n).tolist()}}))
    assert (answer.status_code, answer.json) == (200, {"outputs": (x_of(n) * 2).tolist()})


@pytest.mark.parametrize("n", ROWS)
def test_csv_is_answered_in_csv(static, n: int) -> None:
    body = "a,b\n" + "".join(f"{a},{b}\n" for a, b in x_of(n))
    answer = static.post(body, "text/csv; header=present", Accept="text/csv")
    assert answer.status_code == 200, answer.data
    assert answer.text == "".join(f"{a},{b}\n" for a, b in x_of(n) * 2)


@pytest.mark.parametrize("n", ROWS)
def test_npy_is_answered_in_npy(static, n: int) -> None:
    answer = static.post(npy(x_of(n)), "application/x-npy", Accept="application/x-npy")
    assert answer.status_code == 200, answer.data
    found = np.load(io.BytesIO(answer.data))
    assert (found.dtype, found.tolist()) == (np.float32, (x_of(n) * 2).tolist())


@pytest.mark.parametrize("n", ROWS)
def test_npz_is_answered_in_npz(static, n: int) -> None:
    answer = static.post(npz(x=x_of(n)), "application/x-npz", Accept="application/x-npz")
    assert np.load(io.BytesIO(answer.data))["y"].tolist() == (x_of(n) * 2).tolist()


@pytest.mark.parametrize("n", [2, *ROWS[2:]])
def test_json_lines_are_one_row_each(static, n: int) -> None:
    body = "".join(json.dumps(row) + "\n" for row in x_of(n).tolist())
    assert static.post(body, "application/jsonlines").json == {"predictions": (x_of(n) * 2).tolist()}


@pytest.mark.parametrize("n", ROWS)
def test_a_predict_request_is_answered_in_kind(static, n: int) -> None:
    body = calls.predict_request(
        calls.Spec("m", None, "serving_default"), {"x": x_of(n)}, {"x": "float32"}, ["y"]
    )
    answer = static.post(body, "application/x-protobuf")
    assert answer.content_type == "application/x-protobuf"
    arrays, version = calls.predict_response(answer.data)
    assert (arrays["y"].tolist(), arrays["y"].dtype, version) == ((x_of(n) * 2).tolist(), np.float32, 1)
    sent = [*static.servers[0].requests, *static.servers[1].requests]
    assert all(list(request.output_filter) == ["y"] for request in sent)
    as_json = static.post(body, "application/x-protobuf", Accept="application/json")
    assert as_json.json == {"outputs": (x_of(n) * 2).tolist()}


@pytest.mark.parametrize("n", [1, B, B + 1])
def test_rows_can_be_answered_as_a_predict_response(static, n: int) -> None:
    answer = static.post(json.dumps({"instances": x_of(n).tolist()}), Accept="application/x-protobuf")
    assert calls.predict_response(answer.data)[0]["y"].tolist() == (x_of(n) * 2).tolist()


def test_the_answer_to_many_rows_is_that_to_each(static) -> None:
    x = np.random.default_rng(1).standard_normal((7, 2), np.float32)
    together = static.post(npy(x), "application/x-npy", Accept="application/x-npy").data
    each = [
        np.load(
            io.BytesIO(static.post(npy(x[i : i + 1]), "application/x-npy", Accept="application/x-npy").data)
        )
        for i in range(len(x))
    ]
    assert np.load(io.BytesIO(together)).tobytes() == np.concatenate(each).tobytes()


def test_batches_run_at_the_same_time_on_different_servers(gateway, scripted) -> None:
    together = threading.Barrier(2)

    def meet(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        together.wait(TEN_SECONDS)  # broken, and so a failure, when nobody else is there
        return exactly(B)(arrays)

    made = gateway(scripted(STATIC, meet), scripted(STATIC, meet), models=compiled())
    answer = made.post(json.dumps({"instances": x_of(2 * B).tolist()}))
    assert answer.json == {"predictions": (x_of(2 * B) * 2).tolist()}


def test_what_the_batches_came_to_is_logged_and_counted(static) -> None:
    static.post(json.dumps({"instances": x_of(B + 1).tolist()}))
    static.post(json.dumps({"instances": x_of(B).tolist()}))
    first, second = static.log_lines()
    assert (first["batches"], first["padding"], first["server"]) == (2, B - 1, [0, 1])
    assert (second["batches"], second["padding"]) == (1, 0)
    assert second["server"] in (0, 1)
    counted = [
        line for line in static.get("/metrics").text.splitlines() if line.startswith("neuronserve_batch")
    ]

    def total(name: str) -> float:
        return sum(float(line.split()[-1]) for line in counted if line.startswith(f"{name}_total"))

    assert total("neuronserve_batch_rows") == 2 * B + 1
    assert total("neuronserve_batch_capacity_rows") == 3 * B
    assert total("neuronserve_batch_padding_rows") == B - 1


def test_a_dynamic_model_gets_multiples_dealt_to_all_copies(gateway, scripted) -> None:
    shapes = {"serving_default": Signature({"x": ("float32", (-1, 2))}, {"y": ("float32", (-1, 2))})}
    server = scripted(shapes)
    made = gateway(server, models=compiled(dynamic=True))
    made.state(_state(server, compiled(dynamic=True), copies=3))
    answer = made.post(json.dumps({"instances": x_of(27).tolist()}))
    assert answer.json == {"predictions": (x_of(27) * 2).tolist()}
    sizes = sorted(r.inputs["x"].tensor_shape.dim[0].size for r in server.requests)
    assert sizes == [8, 8, 12]


def test_rows_that_the_model_server_pads_itself_are_not_padded_here(gateway, scripted) -> None:
    server = scripted()
    made = gateway(server, models=compiled())
    made.state(_state(server, compiled(), joins=True))
    assert made.post(json.dumps({"instances": x_of(B + 1).tolist()})).status_code == 200
    assert sorted(r.inputs["x"].tensor_shape.dim[0].size for r in server.requests) == [1, B]


def test_one_row_of_nothing_is_asked_for_no_rows_where_the_model_server_pads(gateway, scripted) -> None:
    server = scripted()
    made = gateway(server, models=compiled())
    made.state(_state(server, compiled(), joins=True))
    assert made.post('{"instances": []}').json == {"predictions": []}


def test_strings_and_inputs_without_a_batch_axis_are_split_and_not_split(gateway, scripted) -> None:
    def joined(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        assert arrays["word"].shape == (2,)
        assert arrays["end"].tolist() == [b"!", b"?", b"."]
        return {"y": np.array([word + b"".join(arrays["end"]) for word in arrays["word"]], object)}

    shapes = Signature({"word": ("string", (2,)), "end": ("string", (3,))}, {"y": ("string", (2,))})
    server = scripted({"serving_default": shapes}, joined)
    made = gateway(server, models=compiled(2, inputs=("word",)))
    answer = made.post('{"inputs": {"word": ["a", "b", "c"], "end": ["!", "?", "."]}}')
    assert answer.json == {"outputs": ["a!?.", "b!?.", "c!?."]}


def test_inputs_with_different_rows_are_refused(gateway, scripted) -> None:
    shapes = Signature({"a": ("float32", (2,)), "b": ("float32", (2,))}, {"y": ("float32", (2,))})
    server = scripted({"serving_default": shapes})
    made = gateway(server, models=compiled(2, inputs=("a", "b")))
    answer = made.post('{"inputs": {"a": [1, 2, 3], "b": [1, 2]}}')
    assert (answer.status_code, answer.json["code"]) == (400, "input_mismatch")
    assert '"a" has 3 rows and input "b" has 2' in answer.json["error"]
    assert not server.requests


def test_an_output_known_to_have_no_rows_is_refused_before_the_model_is_asked(gateway, scripted) -> None:
    server = scripted(STATIC, exactly(B))
    made = gateway(server, models=compiled(unjoinable=("y",)))
    answer = made.post(json.dumps({"instances": x_of(3).tolist()}))
    assert (answer.status_code, answer.json["code"]) == (400, "input_mismatch")
    assert f"send exactly {B} rows" in answer.json["error"]
    assert not server.requests
    assert made.post(json.dumps({"instances": x_of(B).tolist()})).status_code == 200


def test_an_output_found_to_have_no_rows_is_refused_with_its_shape(gateway, scripted) -> None:
    server = scripted(STATIC, lambda a: {"y": a["x"].sum(keepdims=True)})
    made = gateway(server, models=compiled())
    answer = made.post(json.dumps({"instances": x_of(3).tolist()}))
    assert (answer.status_code, answer.json["code"]) == (400, "input_mismatch")
    assert 'output "y" of shape [1, 1]' in answer.json["error"]


def test_the_shape_of_a_row_is_still_checked(static) -> None:
    answer = static.post('{"instances": [[1, 2, 3]]}')
    assert (answer.status_code, answer.json["code"]) == (400, "input_mismatch")
    assert "[?, 2]" in answer.json["error"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t.ClearField("tensor_shape"), "single value"),
        (lambda t: setattr(t, "tensor_content", b"123"), "3 bytes of tensor_content"),
        (lambda t: setattr(t.tensor_shape.dim[1], "size", -1), "a dimension of -1"),
        (lambda t: setattr(t, "dtype", 11), "qint8"),
    ],
)
def test_a_predict_request_whose_tensor_is_none_is_refused(static, spoil, said: str) -> None:
    message = predict_pb2.PredictRequest.FromString(
        calls.predict_request(calls.Spec("m"), {"x": x_of(3)}, {"x": "float32"})
    )
    spoil(message.inputs["x"])
    if not message.inputs["x"].tensor_shape.dim:
        message.inputs["x"].tensor_content = b"\0" * 4
    answer = static.post(message.SerializeToString(), "application/x-protobuf")
    assert answer.status_code == 400, answer.data
    assert said in answer.json["error"]
    assert not static.servers[0].requests


def test_a_predict_request_without_an_input_is_refused_by_its_name(static) -> None:
    answer = static.post(calls.predict_request(calls.Spec("m"), {}, {}), "application/x-protobuf")
    assert (answer.status_code, answer.json["code"]) == (400, "input_mismatch")
    assert 'input "x" is missing' in answer.json["error"]


def test_examples_pass_unchanged(gateway, scripted) -> None:
    shapes = Signature(
        {"inputs": ("string", (B,))}, {"scores": ("float32", (B, 1))}, method="tensorflow/serving/regress"
    )
    server = scripted({"serving_default": shapes})
    made = gateway(server, models=compiled(inputs=("inputs",)))
    answer = made.post(
        '{"examples": [{"a": 1}, {"a": 2}]}', X_Amzn_SageMaker_Custom_Attributes="tfs-method=regress"
    )
    assert answer.json == {"results": [2.5, 2.5]}
    assert len(server.requests) == 1


def test_requests_go_only_to_servers_that_have_the_model(gateway, scripted) -> None:
    first, second = scripted(), scripted()
    models = (Model("a", (1,)), Model("b", (1,)))
    made = gateway(first, second, models=models)
    made.state(
        State(
            "degraded",
            servers=(
                Server(0, first.target, "ready", models=("a",)),
                Server(1, second.target, "ready", models=("b",)),
            ),
            models=models,
            default_model="a",
            generation=2,
        )
    )
    for _ in range(4):
        made.post('{"instances": [[1, 2]]}', X_Amzn_SageMaker_Custom_Attributes="tfs-model-name=b")
    assert (len(first.requests), len(second.requests)) == (0, 4)


def test_a_model_without_a_server_is_not_ready_while_others_are(gateway, scripted) -> None:
    server = scripted()
    models = (Model("a", (1,)), Model("b", (1,)))
    made = gateway(server, models=models)
    made.state(
        State(
            "degraded",
            servers=(
                Server(0, server.target, "ready", models=("a",)),
                Server(1, "unix:/none", "restarting", models=("b",)),
            ),
            models=models,
            default_model="a",
            generation=2,
        )
    )
    answer = made.post('{"instances": [[1, 2]]}', X_Amzn_SageMaker_Custom_Attributes="tfs-model-name=b")
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "not_ready", "1")
    assert "'b'" in answer.json["error"]
    assert made.post('{"instances": [[1, 2]]}').status_code == 200


def _state(server, models: tuple[Model, ...], *, copies: int = 1, joins: bool = False) -> State:
    return State(
        "ready",
        servers=(Server(0, server.target, "ready", copies=copies, joins=joins),),
        models=models,
        default_model="m",
        generation=2,
    )


def test_a_server_that_was_started_again_gets_calls_at_once(gateway, scripted) -> None:
    bad, good = scripted(), scripted()
    made = gateway(bad, good)

    def state(restarts: int) -> State:
        return State(
            "ready",
            servers=(Server(0, bad.target, "ready", restarts), Server(1, good.target, "ready")),
            models=(Model("m", (1,)),),
            default_model="m",
            generation=2,
        )

    made.state(state(0))
    made.post('{"instances": [[1, 2]]}')
    bad.fail = (grpc.StatusCode.INTERNAL, "broken")
    statuses = [made.post('{"instances": [[1, 2]]}').status_code for _ in range(10)]
    assert statuses.count(500) == 3
    bad.fail = None
    made.state(state(1))
    before = len(bad.requests)
    for _ in range(4):
        made.post('{"instances": [[1, 2]]}')
    assert len(bad.requests) - before == 2
