"""Proofs of real models on the embedded model server."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from neuronserve.artifact.inspect import look
from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.errors import GoldenMismatch
from neuronserve.messages import prediction_log_pb2
from neuronserve.modelserver import warmuplog
from neuronserve.readiness.proof import Proof, Subject
from tests import handmade
from tests.cpuservers import Server, config_flag, predict_request, running


def record(folder: Path, *arrays) -> None:
    path = folder / warmuplog.FILE
    path.parent.mkdir()
    with path.open("wb") as stream:
        for array in arrays:
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(predict_request("m", x=np.float32(array)))
            body = log.SerializeToString()
            stream.write(struct.pack("<QI", len(body), 0) + body + b"\0\0\0\0")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    handmade.compiled(folder / "static" / "1", batch=4, dynamic=False)
    handmade.compiled(folder / "dynamic" / "1", batch=2)
    handmade.doubling(folder / "doubling" / "1")
    record(folder / "doubling" / "1", [[1, 2]])
    return folder


@pytest.fixture(scope="module")
def server(models: Path):
    names = ("static", "dynamic", "doubling")
    with running(models, config_flag(models, names)) as started:
        for name in names:
            started.wait_until(name, {1: "AVAILABLE"})
        yield started


def subject(models: Path, name: str, batch: SignatureBatch | None = None) -> Subject:
    signatures = {"serving_default": batch} if batch else {}
    return Subject(name, 1, models / name / "1", Compiled(version=1, signatures=signatures), copies=3)


def golden(tmp_path: Path, name: str, rows: int, off: float = 0.0) -> Path:
    x = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)
    y = x @ handmade.weights(3)
    y[-1, -1] += off
    path = tmp_path / "golden.jsonl"
    path.write_text(json.dumps({"instances": x.tolist(), "predictions": y.tolist(), "model": name}))
    return path


@pytest.mark.parametrize(
    ("name", "batch"),
    [
        ("static", SignatureBatch(4, inputs=("x",))),
        ("dynamic", SignatureBatch(2, dynamic=True, inputs=("x",))),
    ],
)
@pytest.mark.parametrize("rows", [1, 4, 7])
def test_a_compiled_model_is_warmed_up_and_proves_its_golden_answers(
    server: Server, models: Path, tmp_path: Path, name: str, batch: SignatureBatch, rows: int
) -> None:
    one = Proof(
        server.target, [subject(models, name, batch)], golden=golden(tmp_path, name, rows), deadline=60
    )
    proven = one.prove()
    assert proven.sources == ("made from the signature", "golden")
    assert proven.warnings == ()
    assert one.canary(60)


def test_a_wrong_golden_answer_in_the_last_padded_batch_is_found(
    server: Server, models: Path, tmp_path: Path
) -> None:
    one = subject(models, "static", SignatureBatch(4, inputs=("x",)))
    with pytest.raises(GoldenMismatch, match=r'output "y"\[6\]\[2\]: expected .*; 1 of 21 values differ'):
        Proof(server.target, [one], golden=golden(tmp_path, "static", 7, off=9), deadline=60).prove()


def test_a_model_with_warm_up_requests_is_proven_by_them(server: Server, models: Path) -> None:
    proven = Proof(server.target, [subject(models, "doubling")], deadline=60).prove()
    assert proven.sources == ("warm-up file",)
    assert proven.answered == 6


def test_a_guess_at_a_shape_that_the_signature_does_not_tell_is_warned_of_when_it_is_wrong(
    tmp_path: Path,
) -> None:
    nodes = [
        handmade.placeholder("x", -1, 2),
        handmade.constant("weights", [[1.0], [2.0]]),
        handmade.node("y", "MatMul", "x", "weights", T=1, transpose_a=False, transpose_b=False),
    ]
    folder = handmade.write(handmade.saved_model(nodes, {"x": "x:0"}, {"y": "y:0"}), tmp_path / "m" / "1")
    with running(tmp_path, f"--model_base_path={folder.parent}", "--model_name=m") as started:
        started.wait_until("m", {1: "AVAILABLE"})
        one = Proof(started.target, [Subject("m", 1, folder, None)], deadline=60)
        refusal, cold = one.prove().warnings
        assert "was refused" in refusal
        assert "was not warmed up" in cold
        assert one.canary(60)


def test_real_compiled_models_answer_what_is_made_from_their_signatures(
    compiled_models: dict[str, Path], tmp_path: Path
) -> None:
    for name, folder in compiled_models.items():
        version = min(int(path.parent.name) for path in folder.rglob("saved_model.pb"))
        base = next(folder.rglob(f"{version}/saved_model.pb")).parent
        work = tmp_path / name[:10]
        work.mkdir()
        with running(work, f"--model_base_path={base.parent}", "--model_name=m") as started:
            started.wait_until("m", {version: "AVAILABLE"})
            found = Subject("m", version, base, look.compiled(base, version), copies=2)
            one = Proof(started.target, [found], deadline=120)
            proven = one.prove()
            assert (proven.sources, proven.warnings) == (("made from the signature",), ())
            assert one.canary(60)
