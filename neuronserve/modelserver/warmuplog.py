"""The warm-up file of a model version: a TFRecord file of ``PredictionLog`` messages, at most 1,000.

TensorFlow Serving replays it before the version is available ("SavedModel Warmup" in its guide).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from neuronserve.errors import DamagedModel

FILE = Path("assets.extra", "tf_serving_warmup_requests")  # below the version's folder
MOST = 1000  # records; TensorFlow Serving refuses more
_HEADER = struct.Struct("<QI")  # length, checksum of the length; then the data and its checksum
_CHECKSUM = 4  # bytes
_LONGEST = 2**31 - 1  # bytes; what a protobuf message may have


def records(path: Path) -> Iterator[bytes]:
    """The records, one at a time. DamagedModel: the file is cut, or no TFRecord file."""
    with path.open("rb") as stream:
        left = os.fstat(stream.fileno()).st_size
        while header := stream.read(_HEADER.size):
            length = _HEADER.unpack(header)[0] if len(header) == _HEADER.size else _LONGEST + 1
            left -= _HEADER.size + length + _CHECKSUM
            if length > _LONGEST or left < 0:
                raise DamagedModel(f"{path} is truncated or no TFRecord file", hint="write it again")
            # the checksums are left alone: a damaged record is no message, which its reader finds out
            yield stream.read(length + _CHECKSUM)[:-_CHECKSUM]
