"""Proofs of a scripted server: whatever it does, what is asked of it and what is told."""

from __future__ import annotations

import json
import struct
import threading
from pathlib import Path

import grpc
import numpy as np
import pytest

from neuronserve.errors import GoldenMismatch, WarmUpFailed
from neuronserve.messages import predict_pb2, prediction_log_pb2
from neuronserve.modelserver import calls, tensors, warmuplog
from neuronserve.readiness.proof import Proof, Proven, Subject
from tests.wire.conftest import ScriptedServer, Signature
from tests.wire.readiness.proofs import OF_FOUR, ROWS, STATIC, prove, refused, subject


def lines(tmp_path: Path, *found: dict) -> Path:
    path = tmp_path / "golden.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in found))
    return path


def sent(server: ScriptedServer) -> list[dict[str, np.ndarray]]:
    return [{name: tensors.read(proto) for name, proto in r.inputs.items()} for r in server.requests]


def with_warmup(folder: Path, *arrays) -> Path:
    """A version's folder whose warm-up file has a predict request for each array."""
    path = folder / warmuplog.FILE
    path.parent.mkdir(parents=True)
    with path.open("wb") as stream:
        for array in arrays:
            log = prediction_log_pb2.PredictionLog()
            body = calls.predict_request(calls.Spec("old", 9), {"x": np.float32(array)}, {"x": "float32"})
            log.predict_log.request.CopyFrom(predict_pb2.PredictRequest.FromString(body))
            record = log.SerializeToString()
            stream.write(struct.pack("<QI", len(record), 0) + record + b"\0\0\0\0")
    return folder


# warm-up


def test_the_models_own_requests_are_asked_again_addressed_to_it(scripted, tmp_path) -> None:
    server = scripted()
    proven = prove(server, subject(with_warmup(tmp_path / "1", [[1, 2]], [[3, 4]])))
    assert proven.sources == ("warm-up file",)
    assert proven.answered == 4  # twice, being quick
    assert proven.seconds > 0
    assert proven.warnings == ()
    assert [arrays["x"].tolist() for arrays in sent(server)] == [[[1, 2]], [[3, 4]]] * 2
    assert {(r.model_spec.name, r.model_spec.version.value) for r in server.requests} == {("m", 1)}


def test_without_any_a_request_is_made_from_each_signature(scripted, tmp_path) -> None:
    server = scripted({**ROWS, "other": Signature({"x": ("float32", (2, -1))}, {"y": ("float32", (2, -1))})})
    proven = prove(server, subject(tmp_path))
    assert proven.sources == ("made from the signature",)
    shapes = {r.model_spec.signature_name: tensors.read(r.inputs["x"]).shape for r in server.requests}
    assert shapes == {"serving_default": (1, 2), "other": (2, 1)}


def test_a_made_request_fills_the_compiled_batch(scripted, tmp_path) -> None:
    server = scripted()
    prove(server, subject(tmp_path, compiled=OF_FOUR))
    assert {arrays["x"].shape for arrays in sent(server)} == {(4, 2)}


def test_every_copy_runs_one_at_the_same_time(scripted, tmp_path) -> None:
    together = threading.Barrier(4)

    def predict(arrays):
        together.wait(15)  # breaks, and so fails the request, unless four are here at once
        return {"y": arrays["x"]}

    proven = prove(scripted(predict=predict), subject(tmp_path, copies=4))
    assert proven.answered == 8


def test_what_was_long_the_first_time_is_not_asked_twice(scripted, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("neuronserve.readiness.warmup._CHEAP", 0)
    proven = prove(scripted(), subject(tmp_path))
    assert proven.answered == 1
    assert proven.seconds > 0


@pytest.mark.parametrize("code", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION])
def test_zeros_that_the_model_does_not_take_are_only_a_warning(scripted, tmp_path, code) -> None:
    server = scripted()
    server.fail = (code, "not an image")
    proven = prove(server, subject(tmp_path))
    assert (proven.answered, proven.sources, proven.seconds) == (0, (), 0)
    refusal, cold = proven.warnings
    assert 'signature "serving_default" was refused' in refusal
    assert "not an image" in refusal
    assert "was not warmed up" in cold


def test_the_models_own_requests_may_not_be_refused(scripted, tmp_path) -> None:
    server = scripted()
    server.fail = (grpc.StatusCode.INVALID_ARGUMENT, "bad shape")
    error = refused(server, subject(with_warmup(tmp_path / "1", [[1, 2]])))
    assert "record 1 of " in error.message
    assert "bad shape" in error.message
    assert "SERVE_WARMUP" in error.hint


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "too much"),
        (grpc.StatusCode.UNAVAILABLE, "The batch scheduling queue to which this task was submitted is full"),
    ],
)
def test_a_full_queue_is_waited_for(scripted, tmp_path, code, text) -> None:
    refusals = iter(range(3))

    class FullAtFirst(ScriptedServer):
        def _predict(self, body, context):
            if next(refusals, None) is not None:
                context.abort(code, text)
            return super()._predict(body, context)

    server = scripted()
    server.__class__ = FullAtFirst
    assert prove(server, subject(tmp_path)).answered == 2


def test_a_warm_up_that_is_off_asks_nothing(scripted, tmp_path) -> None:
    server = scripted()
    assert prove(server, subject(with_warmup(tmp_path / "1", [[1, 2]])), warmup="off") == Proven(0.0, 0, ())
    assert not server.requests


def test_recorded_requests_are_asked_instead_of_the_models_own(scripted, tmp_path) -> None:
    server = scripted()
    path = lines(tmp_path, {"instances": [[5, 6]]}, {"inputs": [[7, 8]]})
    proven = prove(server, subject(with_warmup(tmp_path / "1", [[1, 2]])), warmup=path)
    assert proven.sources == ("recorded",)
    assert [arrays["x"].tolist() for arrays in sent(server)] == [[[5, 6]], [[7, 8]]] * 2


def test_every_version_and_model_is_warmed_up(scripted, tmp_path) -> None:
    server = scripted()
    prove(server, subject(tmp_path), subject(tmp_path, version=2), subject(tmp_path, name="n"))
    asked = {(r.model_spec.name, r.model_spec.version.value) for r in server.requests}
    assert asked == {("m", 1), ("m", 2), ("n", 1)}


# golden answers


def golden(scripted, tmp_path, *found: dict, **options) -> Proven:
    return prove(
        scripted(), subject(tmp_path, copies=2), golden=lines(tmp_path, *found), warmup="off", **options
    )


def test_answers_as_expected_are_a_proof(scripted, tmp_path) -> None:
    proven = golden(
        scripted,
        tmp_path,
        {"instances": [[1, 2], [3, 4]], "predictions": [[2, 4], [6, 8.01]]},
        {"inputs": {"x": [[1, 2]]}, "outputs": [[2, 4]]},
    )
    assert (proven.sources, proven.answered, proven.warnings) == (("golden",), 4, ())


def test_another_answer_is_told_with_line_place_values_and_what_to_do(scripted, tmp_path) -> None:
    line = {"instances": [[1, 2], [3, 4]], "predictions": [[2, 4], [6, 9]], "name": "pair"}
    path = lines(tmp_path, {"instances": [[0, 0]], "predictions": [[0, 0]]}, line)
    error = refused(scripted(), subject(tmp_path), golden=path, warmup="off")
    assert isinstance(error, GoldenMismatch)
    assert error.message == (
        f"model 'm' version 1, {path}, line 2 ('pair'): output \"y\"[1][1]: expected 9.0, got 8.0; "
        "1 of 4 values differ; the largest difference is 1; tolerance rtol 0.01, atol 0.001"
    )
    assert '"rtol"' in error.hint


def test_a_line_may_have_a_tolerance_of_its_own(scripted, tmp_path) -> None:
    golden(scripted, tmp_path, {"instances": [[3, 4]], "predictions": [[6, 9]], "rtol": 0.2})


def test_one_copy_that_answers_differently_is_found(scripted, tmp_path) -> None:
    together, first = threading.Barrier(2), iter([True])

    def predict(arrays):
        together.wait(15)
        return {"y": arrays["x"] * (3 if next(first, False) else 2)}

    path = lines(tmp_path, {"instances": [[1, 2]], "predictions": [[2, 4]]})
    error = refused(scripted(predict=predict), subject(tmp_path, copies=2), golden=path, warmup="off")
    assert "expected 2.0, got 3.0" in error.message


def test_rows_are_dealt_to_compiled_batches_and_joined_before_they_are_compared(scripted, tmp_path) -> None:
    server = scripted(STATIC)
    rows = [[i, i + 1] for i in range(6)]
    path = lines(tmp_path, {"instances": rows, "predictions": [[2 * a, 2 * b] for a, b in rows]})
    prove(server, subject(tmp_path, compiled=OF_FOUR), golden=path, warmup="off")
    assert [arrays["x"].shape for arrays in sent(server)] == [(4, 2), (4, 2)]


def test_a_request_that_the_signature_does_not_take_is_the_lines_fault(scripted, tmp_path) -> None:
    path = lines(tmp_path, {"instances": [[1, 2, 3]], "predictions": [[2]]})
    compiled = subject(tmp_path, compiled=OF_FOUR)
    error = refused(scripted(STATIC), compiled, golden=path, warmup="off")
    assert isinstance(error, WarmUpFailed)
    assert 'line 1: input "x" has shape [1, 3]; the signature wants [?, 2]' in error.message


def test_an_answer_with_other_outputs_is_a_mismatch(scripted, tmp_path) -> None:
    path = lines(tmp_path, {"inputs": [[1, 2]], "outputs": {"z": [[2, 4]]}})
    error = refused(scripted(), subject(tmp_path), golden=path, warmup="off")
    assert isinstance(error, GoldenMismatch)
    assert '"z"' in error.message


def test_a_golden_request_that_the_server_fails_is_told(scripted, tmp_path) -> None:
    server = scripted()
    server.fail = (grpc.StatusCode.INTERNAL, "nrt_execute failed")
    path = lines(tmp_path, {"instances": [[1, 2]], "predictions": [[2, 4]]})
    error = refused(server, subject(tmp_path), golden=path, warmup="off")
    assert isinstance(error, WarmUpFailed)
    assert (
        "line 1: the model server failed to answer this request: INTERNAL: nrt_execute failed"
        in error.message
    )


def test_lines_go_to_the_version_they_name_and_else_to_the_latest(scripted, tmp_path) -> None:
    server = scripted()
    path = lines(tmp_path, {"instances": [[1, 2]]}, {"instances": [[1, 2]], "version": 1})
    proven = prove(server, subject(tmp_path), subject(tmp_path, version=2), golden=path, warmup="off")
    assert [r.model_spec.version.value for r in server.requests] == [2, 1]
    assert proven.warnings == (f"{path} has no answers to compare for this model server",)


def test_lines_for_models_of_other_servers_are_theirs(scripted, tmp_path) -> None:
    server = scripted()
    path = lines(tmp_path, {"instances": [[1, 2]], "model": "n"}, {"instances": [[3, 4]], "model": "m"})
    prove(server, subject(tmp_path), golden=path, warmup="off", models=("m", "n"))
    assert [arrays["x"].tolist() for arrays in sent(server)] == [[[3, 4]]]


@pytest.mark.parametrize(
    ("line", "models", "text"),
    [
        ({"model": "k"}, ("m",), "there is no model 'k'"),
        ({}, ("m", "n"), 'it names no "model", and there are several'),
        ({"version": 7}, ("m",), "model 'm' has no version 7"),
    ],
)
def test_a_line_for_nobody_is_told_with_what_is_served(scripted, tmp_path, line, models, text) -> None:
    path = lines(tmp_path, {"instances": [[1, 2]], **line})
    error = refused(scripted(), subject(tmp_path), golden=path, warmup="off", models=models)
    assert f"{path}, line 1: {text}" in error.message
    assert error.hint.startswith("served: ")


# canary


def proof(server: ScriptedServer, *subjects: Subject, **options) -> Proof:
    return Proof(server.target, subjects, **{"deadline": 20, **options})


def test_the_canary_is_the_smallest_request_that_was_answered(scripted, tmp_path) -> None:
    server = scripted()
    one = proof(server, subject(with_warmup(tmp_path / "1", [[1, 2], [3, 4]], [[5, 6]])))
    one.prove()
    server.requests.clear()
    assert one.canary(10)
    assert [arrays["x"].tolist() for arrays in sent(server)] == [[[5, 6]]]


def test_models_take_turns(scripted, tmp_path) -> None:
    server = scripted()
    one = proof(server, subject(tmp_path), subject(tmp_path, name="n"))
    one.prove()
    server.requests.clear()
    assert all(one.canary(10) for _ in range(3))
    assert [r.model_spec.name for r in server.requests] == ["m", "n", "m"]


def test_without_a_warm_up_the_canary_is_made_from_the_signature(scripted, tmp_path) -> None:
    server = scripted()
    assert proof(server, subject(tmp_path, compiled=OF_FOUR), warmup="off").canary(10)
    assert [arrays["x"].tolist() for arrays in sent(server)] == [[[0, 0]] * 4]


def test_a_model_that_nothing_can_be_made_for_is_asked_for_its_signatures(scripted, tmp_path) -> None:
    server = scripted({"s": Signature({"x": ("float32", (1 << 20, 1 << 20))}, {"y": ("float32", ())})})
    assert proof(server, subject(tmp_path), warmup="off").canary(10)
    assert not server.requests


@pytest.mark.parametrize(
    ("code", "alive"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, True),
        (grpc.StatusCode.INTERNAL, True),
        (grpc.StatusCode.NOT_FOUND, True),
        (grpc.StatusCode.UNAVAILABLE, False),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, False),
    ],
)
def test_an_error_is_a_sign_of_life_and_a_full_queue_none(scripted, tmp_path, code, alive) -> None:
    server = scripted()
    one = proof(server, subject(tmp_path))
    one.prove()
    server.fail = (code, "no")
    assert one.canary(10) is alive


def test_a_server_that_accepts_and_never_answers_is_silent(scripted, tmp_path) -> None:
    server = scripted()
    one = proof(server, subject(tmp_path))
    one.prove()
    server.hold = threading.Event()
    assert not one.canary(0.3)
    assert server.cancelled.wait(10)
    server.hold = None
    assert one.canary(10)


def test_a_server_without_models_is_asked_nothing(tmp_path) -> None:
    assert Proof(f"unix:{tmp_path}/none", [], deadline=5).canary(5)


def test_a_server_that_is_gone_is_silent(tmp_path) -> None:
    assert not Proof(f"unix:{tmp_path}/none", [subject(tmp_path)], deadline=5).canary(5)
