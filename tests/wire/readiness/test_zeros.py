"""Requests of zeros, which nobody sent: when a server that refuses them is ready all the same."""

from __future__ import annotations

import threading

import grpc
import pytest

from neuronserve.errors import WarmUpFailed
from neuronserve.readiness import warmup
from neuronserve.readiness.proof import Proof
from tests.wire.conftest import Signature
from tests.wire.readiness.proofs import OF_ANY, prove, refused, subject


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN]
)
def test_any_other_fault_of_a_compiled_model_fails_the_start(scripted, tmp_path, code) -> None:
    server = scripted()
    server.fail = (code, "nrt_execute failed")
    error = refused(server, subject(tmp_path, compiled=OF_ANY))
    assert isinstance(error, WarmUpFailed)
    assert "model 'm' version 1, a request of zeros for signature \"serving_default\"" in error.message
    assert "nrt_execute failed" in error.message
    assert "SERVE_WARMUP=off" in error.hint


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.PERMISSION_DENIED,
    ],
)
def test_whatever_zeros_can_cause_on_cpu_is_a_warning(scripted, tmp_path, code) -> None:
    server = scripted()
    server.fail = (code, "no such key")
    refusal, cold = prove(server, subject(tmp_path)).warnings
    assert "no such key" in refusal
    assert "was not warmed up" in cold


def test_a_server_that_goes_away_over_zeros_fails_its_start(scripted, tmp_path) -> None:
    server = scripted()
    server.fail = (grpc.StatusCode.UNAVAILABLE, "Socket closed")
    assert "Socket closed" in refused(server, subject(tmp_path)).message


def test_zeros_that_find_no_end_are_a_warning_while_the_server_lives(scripted, tmp_path) -> None:
    server = scripted()
    server.hold = threading.Event()
    proof = Proof(server.target, [subject(tmp_path)], deadline=1)
    assert "did not answer within 0.25 s" in proof.prove().warnings[0]
    assert proof.canary(5)


COMPOSITE = {
    "serving_default": Signature({"x": ("float32", (-1, 2))}, {"y": ("float32", (-1, 2))}, composite=("y",)),
    "dense": Signature({"x": ("float32", (-1, 2))}, {"y": ("float32", (-1, 2))}),
}


def test_a_server_that_never_answers_fails_its_warm_up(scripted, tmp_path) -> None:
    server = scripted()
    server.hold = threading.Event()
    error = refused(server, subject(tmp_path, copies=2, compiled=OF_ANY), deadline=0.3)
    assert "did not answer within 0.3 s" in error.message


def test_a_composite_signature_is_named_and_the_others_are_warmed_up(scripted, tmp_path) -> None:
    server = scripted(COMPOSITE)
    proven = prove(server, subject(tmp_path))
    assert 'signature "serving_default" is not served: "y" is a sparse, ragged or other' in proven.warnings[0]
    assert {request.model_spec.signature_name for request in server.requests} == {"dense"}


def test_zeros_have_a_deadline_of_their_own_on_cpu(scripted, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(warmup, "_ZEROS_SECONDS", 0.3)
    server = scripted()
    server.hold = threading.Event()
    proven = prove(server, subject(tmp_path), deadline=300)
    assert "did not answer within 0.3 s" in proven.warnings[0]
