"""Waiting for AWS: look, tell what changed, look again, until it is there or the time is up."""

from __future__ import annotations

import argparse
import dataclasses
import re
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from neuronserve.errors import TimedOut

Found = TypeVar("Found")

OUTAGE = 600.0  # seconds without one answer, after which AWS is not waited for any longer


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


@dataclasses.dataclass
class Bridged:
    """Looks of which some fail, bridged for at most OUTAGE seconds; the first and the last is told.

    ``passes``: whether a look that failed so may succeed in a moment. Other errors go through at once, and
    so does one that does not pass in time.
    """

    passes: Callable[[Exception], bool]
    say: Callable[[str], None]
    clock: Clock
    since: float | None = None

    def look(self, look: Callable[[], Found | None]) -> Found | None:
        try:
            found = look()
        except Exception as error:
            if not self.passes(error) or self._out_for() >= OUTAGE:
                raise
            return None
        if self.since is not None:
            self.since = None
            self.say("AWS answers again")
        return found

    def _out_for(self) -> float:
        now = self.clock.monotonic()
        if self.since is None:
            self.since = now
            self.say("AWS does not answer now: asking again")
        return now - self.since


def seconds(text: str) -> float:
    """For argparse: seconds, 0 or more."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", text):
        raise argparse.ArgumentTypeError(f"expected seconds, 0 or more: {text}")
    return float(text)
