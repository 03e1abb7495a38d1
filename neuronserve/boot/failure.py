"""Why ``serve`` gives up: one value, for the log, the state and the exit code."""

from __future__ import annotations

import dataclasses
import logging

from neuronserve import exitcodes
from neuronserve.errors import NeuronserveError

_log = logging.getLogger("serve")


@dataclasses.dataclass(frozen=True)
class Failure:
    """``error`` says what was wrong and where, ``hint`` what to do (may be empty)."""

    code: str
    error: str
    hint: str
    exit_code: int

    @classmethod
    def of(cls, error: NeuronserveError) -> Failure:
        return cls(error.code, error.message, error.hint, exitcodes.of(error))

    def log(self) -> None:
        """Once, in words, with the same for a machine beside it."""
        text = f"{self.error} ({self.hint})" if self.hint else self.error
        _log.error("%s; exit code %d", text, self.exit_code, extra={"fields": dataclasses.asdict(self)})
