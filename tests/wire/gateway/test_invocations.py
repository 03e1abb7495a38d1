from __future__ import annotations

import gzip
import io
import json
import threading
import time

import grpc
import numpy as np
import pytest

from neuronserve.messages import predict_pb2
from neuronserve.modelserver import calls
from neuronserve.state import Model, Server, State
from tests.wire.conftest import Signature

ROWS = '{"instances": [[1.0, 2.0]]}'


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_a_row_request_is_answered_in_rows(gateway) -> None:
    answer = gateway().post(ROWS)
    assert (answer.status_code, answer.json) == (200, {"predictions": [[2.0, 4.0]]})
    assert answer.content_type == "application/json"


def test_a_column_request_is_answered_in_columns(gateway) -> None:
    assert gateway().post('{"inputs": [[1.0, 2.0]]}').json == {"outputs": [[2.0, 4.0]]}


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", None])
def test_a_content_type_is_understood_whatever_its_spelling(gateway, content_type: str | None) -> None:
    assert gateway().post(ROWS, content_type).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"1,2\n3,4\n", "TEXT/CSV"),
        (b"[1,2]\n[3,4]\n", "application/jsonlines"),
        (npy(np.array([[1, 2], [3, 4]], "f4")), "application/x-npy"),
        (npy(np.array([[1, 2], [3, 4]], "f8")), "application/vnd+python.numpy+binary"),
    ],
)
def test_the_same_rows_give_the_same_answer_in_every_form(gateway, body: bytes, content_type: str) -> None:
    answer = gateway().post(body, content_type, Accept="application/json")
    assert answer.status_code == 200
    assert answer.json == {"predictions": [[2.0, 4.0], [6.0, 8.0]]}


@pytest.mark.parametrize(
    ("accept", "form"), [(None, "text/csv"), ("*/*", "text/csv"), ("application/json", None)]
)
def test_a_default_form_is_for_those_who_do_not_say(gateway, accept: str | None, form: str | None) -> None:
    made = gateway(environ={"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"})
    answer = made.post(ROWS, **({"Accept": accept} if accept else {}))
    assert (answer.status_code, answer.mimetype) == (200, form or "application/json")


@pytest.mark.parametrize("accept", ["text/csv", "application/x-npy", "application/json;q=0.2, text/csv"])
def test_the_answer_takes_the_form_that_accept_prefers(gateway, accept: str) -> None:
    answer = gateway().post(ROWS, Accept=accept)
    if "csv" in accept:
        assert answer.data.replace(b"\r\n", b"\n") == b"2.0,4.0\n"
    else:
        assert np.load(io.BytesIO(answer.data)).tolist() == [[2, 4]]


def test_an_accept_that_cannot_be_made_is_refused_before_the_model_is_asked(gateway, scripted) -> None:
    server = scripted()
    answer = gateway(server).post(ROWS, Accept="text/html")
    assert (answer.status_code, answer.json["code"]) == (406, "not_acceptable")
    assert not server.requests


def test_a_serialized_predict_request_is_passed_on_and_answered_in_kind(gateway) -> None:
    body = calls.predict_request(
        calls.Spec("m", None, "serving_default"), {"x": np.ones((2, 2), "f4")}, {"x": "float32"}
    )
    answer = gateway().post(body, "application/x-protobuf")
    assert answer.content_type == "application/x-protobuf"
    arrays, _ = calls.predict_response(
        predict_pb2.PredictResponse.FromString(answer.data).SerializeToString()
    )
    assert arrays["y"].tolist() == [[2, 2], [2, 2]]
    assert gateway().post(body, "application/x-protobuf", Accept="application/json").json == {
        "outputs": [[2, 2], [2, 2]]
    }


def test_a_predict_request_of_a_few_bytes_that_unfolds_to_gigabytes_is_refused(gateway, scripted) -> None:
    server, message = scripted(), predict_pb2.PredictRequest()
    message.inputs["x"].dtype = 1
    message.inputs["x"].float_val.append(1)  # to be repeated
    for size in (100_000, 100_000):
        message.inputs["x"].tensor_shape.dim.add(size=size)
    made = gateway(server)
    answer = made.post(message.SerializeToString(), "application/x-protobuf")
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")
    assert not server.requests
    message.inputs["x"].tensor_shape.dim[0].size = 0  # nothing, however large the rest
    message.inputs["x"].ClearField("float_val")
    assert made.post(message.SerializeToString(), "application/x-protobuf").status_code == 200


def test_bytes_that_are_no_predict_request_are_refused(gateway) -> None:
    answer = gateway().post(b"\xff\xff", "application/x-protobuf")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_body")


def test_a_gzipped_body_is_read_and_a_bomb_is_not(gateway) -> None:
    assert gateway().post(gzip.compress(ROWS.encode()), Content_Encoding="gzip").json == {
        "predictions": [[2, 4]]
    }
    bomb = gzip.compress(b" " * (3 << 20))
    small = gateway(environ={"SERVE_MAX_BODY_MB": "1"})
    assert small.post(bomb, Content_Encoding="gzip").status_code == 413
    assert gateway().post(b"x", Content_Encoding="br").status_code == 415


def test_images_go_as_bytes_into_a_string_input(gateway, scripted) -> None:
    server = scripted(
        {"serving_default": Signature({"x": ("string", (-1,))}, {"y": ("int64", (-1,))})},
        lambda a: {"y": np.array([len(v) for v in a["x"]])},
    )
    assert gateway(server).post(b"\xff\xd8\x00jpeg", "image/jpeg").json == {"predictions": [7]}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code", "said"),
    [
        (b"{", "application/json", 400, "malformed_body", ""),
        (b"", "application/json", 400, "malformed_body", ""),
        (b'{"instances": [[1.0, "a"]]}', "application/json", 400, "input_mismatch", "x"),
        (b"{}", "application/json", 400, "input_mismatch", '"instances"'),
        (b'{"instances": [[1.0], [1.0, 2.0]]}', "application/json", 400, None, ""),
        (b'{"instances": [{"z": 1}]}', "application/json", 400, "input_mismatch", "z"),
        (b"x", "application/xml", 415, "unsupported_media_type", "application/xml"),
        (b"a,b\n", "text/csv", 400, "input_mismatch", "x"),
        (b"\x93NUMPY", "application/x-npy", 400, "malformed_body", ""),
        (
            b'{"instances": [[1,2]], "signature_name": "none"}',
            "application/json",
            404,
            "unknown_target",
            "none",
        ),
    ],
)
def test_a_bad_body_is_refused_by_name_before_the_model_sees_it(
    gateway, scripted, body: bytes, content_type: str, status: int, code: str | None, said: str
) -> None:
    server = scripted()
    answer = gateway(server).post(body, content_type)
    assert answer.status_code == status, answer.data
    assert set(answer.json) == {"error", "code", "request_id"}
    assert code is None or answer.json["code"] == code
    assert said in answer.json["error"]
    assert answer.headers["X-Request-Id"] == answer.json["request_id"]
    assert not server.requests


def test_custom_attributes_choose_and_what_was_used_is_echoed(gateway, scripted) -> None:
    server = scripted(
        {
            "serving_default": Signature({"x": ("float32", (-1, 2))}, {"y": ("float32", (-1, 2))}),
            "other": Signature({"x": ("int32", (-1,))}, {"y": ("int32", (-1,))}),
        }
    )
    made = gateway(server)
    chosen = "tfs-model-name=m,tfs-model-version=1,tfs-signature-name=other,tfs-method=predict"
    answer = made.post('{"instances": [3]}', X_Amzn_SageMaker_Custom_Attributes=chosen)
    assert answer.json == {"predictions": [6]}
    assert answer.headers["X-Amzn-SageMaker-Custom-Attributes"] == chosen
    assert server.requests[-1].model_spec.signature_name == "other"


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ("tfs-model-name=none", 404),
        ("tfs-model-version=9", 404),
        ("tfs-method=drop", 400),
        ("tfs-model-name=a/b", 400),
    ],
)
def test_attributes_that_lead_nowhere_say_what_there_is(gateway, attributes: str, status: int) -> None:
    answer = gateway().post(ROWS, X_Amzn_SageMaker_Custom_Attributes=attributes)
    assert answer.status_code == status
    assert answer.json["code"] == ("unknown_target" if status == 404 else "bad_attributes")


def test_the_latest_version_is_the_default(gateway, scripted) -> None:
    server = scripted()
    server.version = 3
    made = gateway(server, models=(Model("m", (1, 3)),))
    assert "tfs-model-version=3" in made.post(ROWS).headers["X-Amzn-SageMaker-Custom-Attributes"]
    assert server.requests[-1].model_spec.version.value == 3


def test_classify_and_regress_take_examples_and_give_results(gateway, scripted) -> None:
    shapes = ({"inputs": ("string", (-1,))}, {"scores": ("float32", (-1, 1))})
    server = scripted(
        {
            "serving_default": Signature(*shapes, method="tensorflow/serving/classify"),
            "r": Signature(*shapes, method="tensorflow/serving/regress"),
        }
    )
    made = gateway(server)
    body = '{"examples": [{"a": 1, "b": [0.5, 2], "c": "text", "d": {"b64": "/w=="}}]}'
    answer = made.post(body, X_Amzn_SageMaker_Custom_Attributes="tfs-method=classify")
    assert answer.json == {"results": [[["cat", 0.5]]]}
    features = server.requests[-1].input.example_list.examples[0].features.feature
    assert features["a"].int64_list.value == [1]
    assert features["b"].float_list.value == [0.5, 2]
    assert [features["c"].bytes_list.value[0], features["d"].bytes_list.value[0]] == [b"text", b"\xff"]
    regress = made.post(body, X_Amzn_SageMaker_Custom_Attributes="tfs-method=regress,tfs-signature-name=r")
    assert regress.json == {"results": [2.5]}


@pytest.mark.parametrize(
    ("code", "status", "word"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, 400, "input_mismatch"),
        (grpc.StatusCode.NOT_FOUND, 404, "unknown_target"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 503, "overloaded"),
        (grpc.StatusCode.UNAVAILABLE, 503, "not_ready"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 504, "deadline_exceeded"),
        (grpc.StatusCode.INTERNAL, 500, "model_failed"),
    ],
)
def test_a_model_servers_error_is_never_a_200_and_never_leaks(
    gateway, scripted, code, status: int, word: str
) -> None:
    server = scripted()
    server.fail = (code, "bad /secret/path\n\t [[{{node x}}]]")
    answer = gateway(server).post(ROWS)
    assert (answer.status_code, answer.json["code"]) == (status, word)
    assert "node" not in answer.json["error"]
    assert status != 500 or "/secret" not in answer.json["error"]
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_a_request_ends_at_its_deadline_and_the_call_is_cancelled(gateway, scripted) -> None:
    server = scripted()
    server.hold = threading.Event()
    answer = gateway(server, environ={"SERVE_DEADLINE_SECONDS": "0.3"}).post(ROWS)
    assert (answer.status_code, answer.json["code"]) == (504, "deadline_exceeded")
    assert server.cancelled.wait(5)


def test_time_spent_before_the_gateway_counts_against_the_deadline(gateway, scripted) -> None:
    server = scripted()
    made = gateway(server, environ={"SERVE_DEADLINE_SECONDS": "10"})
    made.post(ROWS, X_Request_Msec=f"{time.time():.3f}", X_Request_Elapsed="4.000")
    assert 4 < server.deadlines[-1] < 6.1
    late = made.post(ROWS, X_Request_Msec=f"{time.time():.3f}", X_Request_Elapsed="11.000")
    assert (late.status_code, len(server.requests)) == (504, 1)


def test_a_body_that_waited_past_its_deadline_is_not_even_read(gateway) -> None:
    late = gateway().post(b"{no JSON", X_Request_Msec=f"{time.time():.3f}", X_Request_Elapsed="61.000")
    assert (late.status_code, late.json["code"]) == (504, "deadline_exceeded")


@pytest.mark.parametrize(
    "body", [b'{"instances": [{"\\ud800": 1}]}', b'{"signature_name": "\\ud800", "instances": [1]}']
)
def test_half_a_surrogate_pair_in_a_name_is_the_clients_fault(gateway, body: bytes) -> None:
    answer = gateway().post(body)
    assert answer.status_code in (400, 404)
    assert "\\ud800" in answer.json["error"]


def test_while_starting_requests_get_503_with_retry_after(gateway) -> None:
    made = gateway()
    made.state(State("starting", "download"))
    answer = made.post(ROWS)
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "not_ready", "1")


def test_while_draining_only_what_came_before_is_served(gateway, scripted) -> None:
    server = scripted()
    made = gateway(server)
    began = time.time()
    made.state(
        State(
            "draining",
            servers=(Server(0, server.target, "ready"),),
            models=(Model("m", (1,)),),
            default_model="m",
            kind="cpu",
            since=began,
            generation=1,
        )
    )
    before = made.post(ROWS, X_Request_Msec=f"{began:.3f}", X_Request_Elapsed="0.500")
    after = made.post(ROWS, X_Request_Msec=f"{began + 1:.3f}", X_Request_Elapsed="0.000")
    assert (before.status_code, after.status_code) == (200, 503)


def test_a_fault_of_ours_is_a_fixed_text_and_its_cause_is_in_the_log(gateway, scripted, caplog) -> None:
    server = scripted()
    made = gateway(server)
    made.state(
        State(
            "ready", servers=(Server(0, server.target, "ready"),), models=(Model("m", ()),), default_model="m"
        )
    )
    answer = made.post(ROWS)
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "max()" not in answer.json["error"]
    assert answer.json["request_id"] in caplog.text


def test_one_line_per_request_tells_what_happened(gateway) -> None:
    made = gateway()
    made.post(ROWS, X_Request_Id="abc-1")
    made.post(b"{", X_Request_Id="abc-2")
    made.get("/ping")
    first, second = made.log_lines()
    assert first["request_id"] == "abc-1"
    assert (first["status"], first["model"], first["version"], first["bytes_in"]) == (200, "m", 1, len(ROWS))
    assert 0 < first["model_seconds"] <= first["seconds"]
    assert (second["status"], second["code"]) == (400, "malformed_body")


def test_an_answer_that_cannot_be_counted_goes_out_all_the_same(gateway, monkeypatch, caplog) -> None:
    made = gateway()

    def full(*_) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(made.app._metrics, "observe", full)
    assert made.post(ROWS).status_code == 200
    assert "No space left" in caplog.text


def test_the_log_can_be_turned_off(gateway) -> None:
    made = gateway(environ={"SERVE_REQUEST_LOG": "false"})
    made.post(ROWS)
    assert made.log_lines() == []


def test_a_header_cannot_break_the_log_or_the_error(gateway) -> None:
    made = gateway()
    answer = made.post(ROWS, 'text/"x\\', X_Request_Id='a"b')
    assert json.loads(answer.data)["request_id"] == 'a"b'
    assert made.log_lines()[0]["content_type"] == 'text/"x\\'


def test_what_the_endpoints_caller_named_is_in_the_log(gateway) -> None:
    made = gateway()
    answer = made.post(
        "[1,2]",
        X_Amzn_SageMaker_Target_Variant="blue",
        X_Amzn_SageMaker_Target_Container_Hostname="second",
        X_Amzn_SageMaker_Session_Id="NEW_SESSION",
    )
    assert answer.status_code == 200
    assert not any("Session" in name for name in answer.headers.keys())  # noqa: SIM118  not a dict
    (line,) = made.log_lines()
    assert (line["target_variant"], line["target_container"], line["session_id"]) == (
        "blue",
        "second",
        "NEW_SESSION",
    )


def test_more_than_a_message_holds_is_refused(gateway, monkeypatch) -> None:
    monkeypatch.setattr("neuronserve.modelserver.calls.LARGEST", 15)
    made = gateway()
    assert made.post("[1,2]").status_code == 200
    answer = made.post("[[1,2],[3,4]]")
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")
    assert "16 bytes; one call of the model takes at most 15" in answer.json["error"]
