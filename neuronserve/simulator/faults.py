"""What a server is told to do wrong: hang, fail, be slow. Changed by commands, asked by each prediction."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable


class Faults:
    """The faults of one server. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._hung = False
        self._errors = 0
        self._factors: dict[int, float] = {}
        self._delay_seconds = 0.0

    def hang(self, *, hung: bool) -> None:
        """No prediction is answered, until it is told otherwise."""
        with self._changed:
            self._hung = hung
            self._changed.notify_all()

    def fail(self, count: int) -> None:
        """The next ``count`` predictions fail."""
        with self._changed:
            self._errors = count

    def slow(self, core: int, factor: float) -> None:
        """What runs on this core takes ``factor`` times as long."""
        with self._changed:
            self._factors[core] = factor

    def delay(self, seconds: float) -> None:
        """Each answer is held back this long; that occupies no core."""
        with self._changed:
            self._delay_seconds = seconds

    def wait_while_hung(self, deadline: float | None) -> bool:
        """False when it still hung at the deadline (a ``time.monotonic()`` value; None: wait for ever)."""
        with self._changed:
            timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
            return self._changed.wait_for(lambda: not self._hung, timeout)

    def must_fail(self) -> bool:
        """Whether this prediction is one of those that fail."""
        with self._changed:
            if not self._errors:
                return False
            self._errors -= 1
            return True

    def factor(self, cores: Iterable[int]) -> float:
        """How much longer a run on these cores takes: as long as on the slowest of them."""
        with self._changed:
            return max((self._factors.get(core, 1.0) for core in cores), default=1.0)

    def hold_back(self) -> None:
        with self._changed:
            seconds = self._delay_seconds
        if seconds:
            time.sleep(seconds)
