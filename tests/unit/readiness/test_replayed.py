from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import DamagedModel, WarmUpFailed
from neuronserve.messages import classification_pb2, predict_pb2, prediction_log_pb2
from neuronserve.modelserver import client, warmuplog
from neuronserve.readiness import replayed
from neuronserve.readiness.subject import Subject


def framed(*records: bytes) -> bytes:
    return b"".join(struct.pack("<QI", len(record), 0) + record + b"\0\0\0\0" for record in records)


def with_file(tmp_path: Path, content: bytes) -> Subject:
    path = tmp_path / warmuplog.FILE
    path.parent.mkdir()
    path.write_bytes(content)
    return Subject("m", 3, tmp_path, None)


def log(kind: str, signature: str = "s") -> bytes:
    made = prediction_log_pb2.PredictionLog()
    spec = getattr(made, kind).request.model_spec
    spec.name, spec.signature_name, spec.version.value = "as recorded", signature, 99
    return made.SerializeToString()


def test_each_request_goes_to_the_subject_with_the_signature_it_was_recorded_for(tmp_path) -> None:
    subject = with_file(tmp_path, framed(log("predict_log", "a"), log("classify_log", "b")))
    (first, predict), (second, classify) = replayed.questions(subject)
    assert (predict.method, classify.method) == (client.PREDICT, client.CLASSIFY)
    for kind, message, name in (
        (predict_pb2.PredictRequest, predict.message, "a"),
        (classification_pb2.ClassificationRequest, classify.message, "b"),
    ):
        spec = kind.FromString(message).model_spec
        assert (spec.name, spec.version.value, spec.signature_name) == ("m", 3, name)
    assert first == f"record 1 of {tmp_path / warmuplog.FILE}"
    assert second.startswith("record 2")


def test_kinds_that_clients_cannot_send_are_left_out(tmp_path) -> None:
    made = prediction_log_pb2.PredictionLog()
    made.multi_inference_log.SetInParent()
    subject = with_file(tmp_path, framed(made.SerializeToString(), log("regress_log")))
    assert [question.method for _, question in replayed.questions(subject)] == [client.REGRESS]


def test_without_a_file_there_is_nothing_to_replay(tmp_path) -> None:
    assert not list(replayed.questions(Subject("m", 1, tmp_path, None)))


def test_no_more_is_replayed_than_tensorflow_serving_takes(tmp_path) -> None:
    subject = with_file(tmp_path, framed(*[log("predict_log")] * 1001))
    assert len(list(replayed.questions(subject))) == 1000


def test_a_record_that_is_no_prediction_log_is_told_with_its_number(tmp_path) -> None:
    with pytest.raises(WarmUpFailed, match=r"record 2 of .* is no PredictionLog"):
        list(replayed.questions(with_file(tmp_path, framed(log("predict_log"), b"\xff\xff"))))


def test_a_cut_file_is_told(tmp_path) -> None:
    with pytest.raises(WarmUpFailed, match="is truncated or no TFRecord file"):
        list(replayed.questions(with_file(tmp_path, framed(log("predict_log"))[:-1])))


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch) -> None:
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    subject = with_file(tmp_path, b"")
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(WarmUpFailed, match="cannot be read: Permission denied"):
        list(replayed.questions(subject))


@given(records=st.lists(st.binary(), max_size=5), cut=st.integers(0, 200))
def test_a_file_is_read_back_as_far_as_it_is_whole(tmp_path_factory, records, cut) -> None:
    path = tmp_path_factory.mktemp("r") / "f"
    whole = framed(*records)
    path.write_bytes(whole[: len(whole) - cut] if cut < len(whole) else b"")
    found = []
    try:
        found.extend(warmuplog.records(path))
    except DamagedModel:
        assert cut
    assert found == records[: len(found)]
    if not cut:
        assert found == records


@given(content=st.binary(max_size=60))
def test_any_other_file_is_refused_or_read_without_harm(tmp_path_factory, content) -> None:
    path = tmp_path_factory.mktemp("r") / "f"
    path.write_bytes(content)
    try:
        assert sum(len(record) + 16 for record in warmuplog.records(path)) == len(content)
    except DamagedModel as error:
        assert str(path) in error.message
