"""Trying again: how often, and how long to wait in between."""

from __future__ import annotations

import dataclasses
import logging
import random
import threading
from collections.abc import Callable
from typing import TypeVar

from neuronserve.errors import ArtifactError

T = TypeVar("T")
log = logging.getLogger(__name__)


class Transient(Exception):
    """Worth another try; ``error`` is what it becomes when there are no tries left."""

    def __init__(self, error: ArtifactError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclasses.dataclass(frozen=True)
class Patience:
    """``retries`` tries after the first; waits grow from ``base`` to ``cap`` seconds.

    Full jitter: a fleet that starts together must not come back together.
    """

    retries: int
    base: float = 0.2
    cap: float = 20.0

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the failed try number ``attempt`` (from 0)."""
        return random.uniform(0, min(self.cap, self.base * 2.0**attempt))  # noqa: S311  jitter, not a secret


def patiently(call: Callable[[], T], patience: Patience, stop: threading.Event | None = None) -> T:
    """The value of ``call``, tried again while it raises Transient; then its ArtifactError."""
    stop = stop or threading.Event()
    attempt = 0
    while True:
        try:
            return call()
        except Transient as transient:
            if attempt >= patience.retries or stop.is_set():
                raise transient.error from transient
            delay = patience.delay(attempt)
            log.info("%s; trying again in %.1f s", transient.error.message, delay)
            stop.wait(delay)
            attempt += 1
