"""Warm-up requests that come with a model: ``assets.extra/tf_serving_warmup_requests``.

A TFRecord file of ``PredictionLog`` messages, at most 1,000, replayed before the version is available.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from neuronserve.cpuserver.status import Code, StatusError, invalid
from neuronserve.messages import prediction_log_pb2

_FILE = Path("assets.extra", "tf_serving_warmup_requests")
_MOST = 1000
_HEADER = struct.Struct("<QI")  # length, checksum of the length; then the data and its checksum
_LONGEST = 2**31 - 1  # bytes; what a protobuf message may have

Replay = Callable[[Any], None]


def replay(folder: Path, replays: dict[str, Replay], iterations: int) -> int:
    """Replay the model's requests, each ``iterations`` times; how many there were.

    ``replays``: for each kind of log (``predict_log``, ...) what runs its request. Raises StatusError
    when a request fails, as TF Serving does: a model that cannot answer its own warm-up is not served.
    """
    path, count = folder / _FILE, 0
    if not path.is_file():
        return 0
    for record in _records(path):
        count += 1
        if count > _MOST:
            raise invalid(f"Number of warmup records exceeds the maximum ({_MOST}) at {path}")
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
    with path.open("rb") as stream:
        while header := stream.read(_HEADER.size):
            length = _HEADER.unpack(header)[0] if len(header) == _HEADER.size else _LONGEST + 1
            # the checksums are left alone: a damaged record is no message, which is found out next
            record = stream.read(length + 4) if length <= _LONGEST else b""
            if len(record) != length + 4:
                raise StatusError(Code.DATA_LOSS, f"{path} is truncated or no TFRecord file")
            yield record[:-4]
