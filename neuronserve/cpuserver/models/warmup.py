"""Warm-up requests that come with a model: ``assets.extra/tf_serving_warmup_requests``.

A TFRecord file of ``PredictionLog`` messages, at most 1,000, replayed before the version is available.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from neuronserve.cpuserver.status import Code, StatusError, invalid
from neuronserve.errors import DamagedModel
from neuronserve.messages import prediction_log_pb2
from neuronserve.modelserver import warmuplog

Replay = Callable[[Any], None]


def replay(folder: Path, replays: dict[str, Replay], iterations: int) -> int:
    """Replay the model's requests, each ``iterations`` times; how many there were.

    ``replays``: for each kind of log (``predict_log``, ...) what runs its request. Raises StatusError
    when a request fails, as TF Serving does: a model that cannot answer its own warm-up is not served.
    """
    path, count = folder / warmuplog.FILE, 0
    if not path.is_file():
        return 0
    for record in _records(path):
        count += 1
        if count > warmuplog.MOST:
            raise invalid(f"Number of warmup records exceeds the maximum ({warmuplog.MOST}) at {path}")
        _replay_one(record, path, replays, iterations)
    return count


def _replay_one(record: bytes, path: Path, replays: dict[str, Replay], iterations: int) -> None:
    try:
        log = prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError:
        raise invalid(f"Failed to parse warmup record: {path} holds no PredictionLog") from None
    kind = log.WhichOneof("log_type")
    if kind not in replays:
        raise StatusError(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}")
    for _ in range(iterations):
        replays[kind](getattr(log, kind).request)


def _records(path: Path) -> Iterator[bytes]:
    try:
        yield from warmuplog.records(path)
    except DamagedModel as error:
        raise StatusError(Code.DATA_LOSS, error.message) from None
