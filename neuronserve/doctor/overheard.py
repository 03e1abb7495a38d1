"""What the rooms that a check asks say in their logs: warnings that a person should see as findings."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from neuronserve.doctor.finding import Finding, warn

_LOGGER = "neuronserve"


class _Ear(logging.Handler):
    def __init__(self, said: list[Finding]) -> None:
        super().__init__(logging.WARNING)
        self._said = said
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:  # a check that was given up may still be talking
            self._said.append(warn(record.getMessage()))


@contextlib.contextmanager
def overheard(said: list[Finding]) -> Iterator[None]:
    """Add a finding to ``said`` for each warning that this thread logs."""
    ear, logger = _Ear(said), logging.getLogger(_LOGGER)
    logger.addHandler(ear)
    try:
        yield
    finally:
        logger.removeHandler(ear)
