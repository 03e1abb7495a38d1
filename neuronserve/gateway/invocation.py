"""A request as the gateway has it, from its first byte to its line in the log; and its answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator

from neuronserve.gateway.body import Source
from neuronserve.gateway.memory import Lease
from neuronserve.modelserver.lanes import Watch
from neuronserve.payload.batches import Split


@dataclasses.dataclass(slots=True)
class Invocation:
    """A request, and what is found out about it on its way: the log tells it all."""

    body: bytes | bytearray
    content_type: str | None
    accept: str | None
    encoding: str | None
    attributes: str | None
    target: str  # the model that the address names (POST /models/NAME/invoke); "" for /invocations
    arrival: float  # seconds since the epoch, when its first byte came
    watch: Watch
    lease: Lease  # the memory that it holds
    target_model: str = ""  # what the endpoint's caller named, for the log alone
    variant: str = ""  # the endpoint's variant that was asked for; likewise
    container: str = ""  # the container that was asked for, by its hostname; likewise
    session: str = ""  # NEW_SESSION, or a session's id: for the model's own code, and the log
    source: Source | None = None  # in batch transform: the body, which is not received yet
    model: str = ""
    version: int | None = None
    signature: str = ""
    split: Split | None = None  # its rows in batches, where the model's batch was compiled in
    asked: dict[int, int] = dataclasses.field(default_factory=dict)  # part -> index of its model server
    decode_seconds: float = 0.0
    model_seconds: float = 0.0
    encode_seconds: float = 0.0
    batches: int = 0  # where the body was answered in pieces
    padding: int = 0
    let_go: int = 0  # bytes of a body that is not kept: a large one is in the messages by then

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return self.source.received if self.source is not None else self.let_go or len(self.body)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """``stream``: the body in pieces, instead of ``body``; of ``length`` bytes, where that is known."""

    body: bytes
    content_type: str
    attributes: str
    stream: Generator[bytes, None, None] | None = None
    length: int | None = None
