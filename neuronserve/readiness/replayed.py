"""The warm-up requests that came with a model, as questions to its server.

TensorFlow Serving replays them itself before a version is available, one after the other, so that other
copies than the first may not have run yet.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from google.protobuf.message import DecodeError

from neuronserve.errors import DamagedModel, WarmUpFailed
from neuronserve.messages import prediction_log_pb2
from neuronserve.modelserver import calls, client, warmuplog
from neuronserve.readiness.interview import Question
from neuronserve.readiness.subject import Subject

_KINDS = {
    "predict_log": ("predict", client.PREDICT),
    "classify_log": ("classify", client.CLASSIFY),
    "regress_log": ("regress", client.REGRESS),
}
_UNBOUNDED = 1 << 62  # bytes: the model's own requests are not distrusted as clients' are


def questions(subject: Subject) -> Iterator[tuple[str, Question]]:
    """``(where it stands, question)`` for each predict, classify and regress request; none without the file.

    Each is addressed to the subject, whatever model it was recorded from. WarmUpFailed: a damaged file.
    """
    path = subject.folder / warmuplog.FILE
    if not path.is_file():
        return
    try:
        for number, record in enumerate(itertools.islice(warmuplog.records(path), warmuplog.MOST), 1):
            where = f"record {number} of {path}"
            question = _question(record, subject, where)
            if question is not None:
                yield where, question
    except OSError as error:
        raise WarmUpFailed(f"{path} cannot be read: {error.strerror}") from error
    except DamagedModel as error:
        raise WarmUpFailed(error.message, hint=_REPAIR) from error


_REPAIR = "write the model's warm-up file again, or set SERVE_WARMUP=off"


def _question(record: bytes, subject: Subject, where: str) -> Question | None:
    try:
        log = prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError:
        raise WarmUpFailed(f"{where} is no PredictionLog", hint=_REPAIR) from None
    kind = log.WhichOneof("log_type")
    if kind not in _KINDS:
        return None  # a MultiInference or a session's run: nothing that clients of this service can send
    method, address = _KINDS[kind]
    request = getattr(log, kind).request.SerializeToString()
    message, _ = calls.readdressed(method, request, subject.spec(), _UNBOUNDED)
    return Question(address, message)
