"""Waiting for AWS: look, tell what changed, look again, until it is there or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from neuronserve.errors import TimedOut

Found = TypeVar("Found")


class Clock(Protocol):
    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


class SystemClock:
    """The machine's."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        time.sleep(seconds)


def until(
    look: Callable[[], Found | None], *, what: str, seconds: float, every: float, clock: Clock, hint: str = ""
) -> Found:
    """What ``look`` finds, asked at once and then each ``every`` seconds.

    Raises TimedOut with ``what`` was waited for after ``seconds``.
    """
    end = clock.monotonic() + seconds
    while (found := look()) is None:
        left = end - clock.monotonic()
        if left <= 0:
            raise TimedOut(f"no {what} after {seconds:g} s", hint=hint)
        clock.sleep(min(every, left))
    return found
