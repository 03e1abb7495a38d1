"""When a process that ended is started again, and when it is given up. Pure: the clock is an argument.

*Failing to start* (ending before it was ready) and *dying later* are different events with a budget
each: a few failed starts in a row mean that it will never start; deaths are counted in a sliding window.
"""

from __future__ import annotations

import collections
import dataclasses

FIRST_DELAY = 0.1  # seconds
LONGEST_DELAY = 5.0
STEADY = 1.0  # a run that was ready for this long, in seconds, is no flapping


@dataclasses.dataclass(frozen=True)
class Policy:
    """``start_attempts`` failed starts in a row, or more than ``max_restarts`` deaths in ``window`` s."""

    start_attempts: int = 3
    max_restarts: int = 20
    window: float = 600.0


@dataclasses.dataclass(frozen=True)
class Again:
    """Start it again ``after`` so many seconds."""

    after: float


@dataclasses.dataclass(frozen=True)
class GiveUp:
    """Do not start it again; ``why`` completes the sentence "the process ..."."""

    why: str


Verdict = Again | GiveUp


class History:
    """What happened to one process so far. ``restarts`` counts the verdicts to start it again."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._failed_starts = 0
        self._deaths: collections.deque[float] = collections.deque()
        self._short_runs = 0
        self.restarts = 0

    def failed_to_start(self) -> Verdict:
        """It ended, or was ended, before it was ready."""
        self._failed_starts += 1
        self._short_runs += 1
        if self._failed_starts >= self._policy.start_attempts:
            return GiveUp(_failed(self._failed_starts))
        return self._again()

    def died(self, now: float, ready_for: float) -> Verdict:
        """It ended at ``now`` after it had been ready for so many seconds."""
        self._failed_starts = 0
        self._short_runs = 0 if ready_for >= STEADY else self._short_runs + 1
        self._deaths.append(now)
        if self._are_too_many(now):
            count = len(self._deaths)
            times = "once" if count == 1 else f"{count} times"
            return GiveUp(f"died {times} within {self._policy.window:g} s")
        return self._again()

    def starved(self, now: float, *, counts: bool) -> Verdict:
        """It could not start at ``now`` because the disk took no more: no fault of its own.

        ``counts``: against the budget of deaths, which ends what cannot come back.
        """
        self._short_runs += 1
        if counts:
            self._deaths.append(now)
            if self._are_too_many(now):
                return GiveUp(f"could not start on the disk as it is {len(self._deaths)} times")
        return self._again()

    def _are_too_many(self, now: float) -> bool:
        while self._deaths[0] <= now - self._policy.window:
            self._deaths.popleft()
        return len(self._deaths) > self._policy.max_restarts

    def _again(self) -> Again:
        self.restarts += 1
        return Again(back_off(self._short_runs))


def back_off(short_runs: int) -> float:
    """Seconds to wait after so many runs in a row that were not, or only shortly, ready."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(short_runs, 16))


def _failed(starts: int) -> str:
    return "failed to start" if starts == 1 else f"failed to start {starts} times in a row"
