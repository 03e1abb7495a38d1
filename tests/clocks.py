"""A clock that never waits."""

from __future__ import annotations


class FakeClock:
    """Time passes only by sleeping; ``slept`` has each sleep in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.now += seconds
