"""``GET /execution-parameters``: how batch transform should send its requests, worked out from what there is.

The platform asks before the first request, and takes what the job itself says before this, and its own
defaults (1 request at a time, 6 MB) after it. It takes payloads of 1 to 100 MB, and 100 MB at a time (AWS
developer guide, "Use your own inference code with batch transform"; API reference, CreateTransformJob).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from neuronserve.payload import Signature

MOST_AT_A_TIME = 100  # MB
_USUAL = 6  # MB; larger ones need longer, and are no faster once they keep all copies busy
_TIMES = (
    8  # of a payload: pieces of it as text, arrays, messages and answers, in the worker and in the server
)
_MB = 1 << 20
_NUMBER_BYTES = 12  # of a number as text, with what parts it from the next


@dataclasses.dataclass(frozen=True)
class Asked:
    """What the job says; None where it does not. ``payload``: MB, 0 for chunks without an end."""

    concurrent: int | None = None
    payload: int | None = None
    strategy: str | None = None


@dataclasses.dataclass(frozen=True)
class Host:
    """What there is: requests that make progress ``at_once``, bytes of a compiled ``batch`` as text, bytes of
    ``memory``.
    """

    at_once: int
    batch: int
    memory: int


def compute(asked: Asked, host: Host) -> Mapping[str, Any]:
    """What the endpoint answers."""
    least = min(MOST_AT_A_TIME, max(1, math.ceil(host.batch / _MB)))  # MB: one full batch
    if asked.payload is not None:
        payload = min(asked.payload, MOST_AT_A_TIME)
        concurrent = asked.concurrent or _concurrent(host, max(1, payload))
    else:
        concurrent = asked.concurrent or _concurrent(host, least)
        room = host.memory // (_TIMES * _MB * concurrent)
        wanted = max(_USUAL, math.ceil(host.batch * host.at_once / _MB))
        payload = max(1, min(wanted, MOST_AT_A_TIME // concurrent, room))
    return {
        "MaxConcurrentTransforms": concurrent,
        "BatchStrategy": (asked.strategy or "MULTI_RECORD").upper(),
        "MaxPayloadInMB": payload,
    }


def _concurrent(host: Host, payload: int) -> int:
    room = host.memory // (_TIMES * _MB * payload)
    return max(1, min(host.at_once, MOST_AT_A_TIME // payload, room))


def batch_bytes(signature: Signature, rows: int) -> int:
    """``rows`` of the signature's inputs as text, roughly; what is not known counts as 1."""
    numbers = 0
    for spec in signature.inputs.values():
        numbers += math.prod(size or 1 for size in (spec.shape or ())[1:])
    return rows * numbers * _NUMBER_BYTES
