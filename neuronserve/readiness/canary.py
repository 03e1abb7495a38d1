"""When a model server is asked for a sign of life, and when it counts as hung."""

from __future__ import annotations

_TYPICAL_TIMES = 20  # so much slower than usual is no longer slow


class Canary:
    """Finds a server that accepts and never answers. Asks only when nothing else proves that it lives.

    ``idle_seconds`` without an answer make it ask; 0: never. It is hung when it owes its answer for
    ``patience`` seconds, and gave no other meanwhile. All times are of one clock, in seconds; ``completed``
    is the number of answers of this server so far, whose every change is a sign of life.
    """

    def __init__(self, *, idle_seconds: float, hang_seconds: float, typical_seconds: float) -> None:
        self._idle = idle_seconds
        self.patience = max(hang_seconds, _TYPICAL_TIMES * typical_seconds)
        self._completed: int | None = None
        self._alive = 0.0  # when the last sign of life was seen
        self._last_asked: float | None = None
        self._owed_since: float | None = None

    def due(self, now: float, completed: int) -> bool:
        """Whether to ask now; also again, when it was asked long ago and the question came to nothing."""
        self._look(now, completed)
        last = self._alive if self._last_asked is None else max(self._alive, self._last_asked)
        return self._idle > 0 and now - last >= self._idle

    def asked(self, now: float) -> None:
        self._last_asked = now
        if self._owed_since is None:
            self._owed_since = now

    def answered(self, now: float) -> None:
        self._alive = now
        self._owed_since = None

    def hung(self, now: float, completed: int) -> bool:
        self._look(now, completed)
        return self._owed_since is not None and now - self._owed_since >= self.patience

    def _look(self, now: float, completed: int) -> None:
        if completed != self._completed:  # the first look counts as one: the server has just become ready
            self._completed = completed
            self.answered(now)
