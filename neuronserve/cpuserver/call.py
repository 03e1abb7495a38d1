"""How long a call may take, and whether anyone still wants its answer."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable

from neuronserve.cpuserver.status import cancelled, deadline_exceeded


def _wanted() -> bool:
    return True


def _unmeasured(_: float) -> None:
    """Nobody counts the seconds."""


@dataclasses.dataclass(frozen=True)
class Call:
    """One call. ``deadline`` is a ``time.monotonic()`` value, None for no limit.

    ``tensor_content``: numbers in a PredictResponse go as bytes, and not as typed fields. ``entrypoint``:
    ``GRPC`` or ``REST``. ``ran``: gets the seconds that the model itself took.
    """

    deadline: float | None = None
    is_wanted: Callable[[], bool] = _wanted
    tensor_content: bool = True
    entrypoint: str = "REST"
    ran: Callable[[float], None] = _unmeasured

    @classmethod
    def within(
        cls,
        seconds: float | None,
        is_wanted: Callable[[], bool] = _wanted,
        *,
        tensor_content: bool = True,
        entrypoint: str = "REST",
    ) -> Call:
        """``seconds`` from now; None or infinite, as gRPC has it, for no limit."""
        limited = seconds is not None and math.isfinite(seconds)
        deadline = time.monotonic() + seconds if limited and seconds is not None else None
        return cls(deadline, is_wanted, tensor_content, entrypoint)

    def check(self) -> None:
        """Raise when there is no point in beginning: CANCELLED or DEADLINE_EXCEEDED."""
        if not self.is_wanted():
            raise cancelled()
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise deadline_exceeded()

    def remaining(self) -> float | None:
        """Seconds left, never negative; None without limit."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def timeout_ms(self) -> int | None:
        remaining = self.remaining()
        return None if remaining is None else max(1, int(remaining * 1000))
