"""The platform's limits. Sources: AWS's developer guide and botocore's model of sagemaker-runtime."""

from __future__ import annotations

import dataclasses

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Limits:
    """Seconds, unless a name says bytes. Tests shorten them; the program does not."""

    connect: float = 0.25  # until a container has to accept a connection
    answer: float = 60.0  # for the whole answer of a real-time invocation
    ping: float = 2.0  # for one try of GET /ping
    ping_every: float = 1.0  # how often the platform asks is not documented
    stop: float = 30.0  # from SIGTERM to SIGKILL
    unload: float = 360.0  # for DELETE /models/NAME
    load: float = 600.0  # for POST /models: as long as a start may take
    ready: float = 60.0  # until an invocation no longer waits for its model
    body_bytes: int = 6_291_456
    async_inline_bytes: int = 128_000
    async_body_bytes: int = 1 << 30
    async_answer: float = 900.0  # InvocationTimeoutSeconds where a request has none
    message_bytes: int = 2048  # of an error's text
    retry_pause: float = 1.0  # between two tries of a transform job's request
