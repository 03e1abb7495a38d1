"""What became of each request, and how long there was no right answer. Pure, but for the lock.

``right``    200, and the answer to what was asked
``wrong``    200, and anything else
``refused``  503 with Retry-After: honest
``reset``    the connection was refused, or broke before the answer: allowed while a front is being killed
``hung``     no answer within the deadline and a second more
``failed``   any other status
"""

from __future__ import annotations

import bisect
import collections
import dataclasses
import threading
from array import array
from collections.abc import Sequence

RIGHT, WRONG, REFUSED, RESET, HUNG, FAILED = "right", "wrong", "refused", "reset", "hung", "failed"
_SLOW_SECONDS = 0.5
_KEPT = 20_000  # failures that are kept one by one; the rest is counted


@dataclasses.dataclass(frozen=True)
class Answer:
    """Times are of ``time.monotonic``. ``what``: form or verb; ``note``: what came instead of the right."""

    began: float
    ended: float
    kind: str
    target: str
    what: str
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Gap:
    """An interval without a right answer."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class Ledger:
    """All answers so far. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._right: dict[str, array[float]] = collections.defaultdict(lambda: array("d"))
        self._all_right = array("d")
        self.counts: collections.Counter[str] = collections.Counter()
        self.forms: collections.Counter[str] = collections.Counter()
        self.failures: list[Answer] = []  # neither right nor refused
        self.slowest = 0.0
        self._slow: list[tuple[float, float]] = []  # when it came, and its seconds

    def add(self, answer: Answer, *, steady: bool = True) -> None:
        """``steady``: of the clients whose answers tell of gaps; others are only counted."""
        with self._lock:
            self.counts[answer.kind] += 1
            took = answer.ended - answer.began
            self.slowest = max(self.slowest, took)
            if took >= _SLOW_SECONDS:
                self._slow.append((answer.ended, took))
            if answer.kind in (RIGHT, WRONG):
                self.forms[answer.what] += 1
            if answer.kind == RIGHT and steady:
                bisect.insort(self._all_right, answer.ended)  # all but the last few are in order
                bisect.insort(self._right[answer.target], answer.ended)
            elif answer.kind not in (RIGHT, REFUSED) and len(self.failures) < _KEPT:
                self.failures.append(answer)

    def gap(self, began: float, ended: float, now: float, target: str | None = None) -> Gap:
        """The longest interval without a right answer that began in this one; see ``longest_gap``."""
        with self._lock:
            times = self._all_right if target is None else self._right[target]
            first = bisect.bisect_left(times, began)
            after = bisect.bisect_right(times, ended)
            return longest_gap(times[first : after + 1], began, ended, now)

    def slowest_within(self, began: float, ended: float) -> float:
        """Seconds of the slowest answer that came in this interval; 0 where none took long."""
        with self._lock:
            return max((took for came, took in self._slow if began <= came <= ended), default=0.0)

    def right_since(self, moment: float) -> int:
        """How many right answers have come since then."""
        with self._lock:
            return len(self._all_right) - bisect.bisect_right(self._all_right, moment)


def longest_gap(times: Sequence[float], began: float, ended: float, now: float) -> Gap:
    """The longest interval without any of ``times``, which ascend, of those that begin in [began, ended].

    It may last beyond ``ended``: until the next time, or ``now`` where there is none yet.
    """
    longest, last = Gap(began, began), began
    for moment in [*(one for one in times if one >= began), max(now, ended)]:
        if moment - last > longest.seconds:
            longest = Gap(last, moment)
        if moment > ended:
            break
        last = moment
    return longest


@dataclasses.dataclass(frozen=True)
class Window:
    """From the harm to a front until all was as before."""

    began: float
    ended: float


def excused(answer: Answer, windows: Sequence[Window]) -> bool:
    """Whether a connection broke because its front was being killed."""
    return answer.kind == RESET and any(
        answer.began <= window.ended and answer.ended >= window.began for window in windows
    )
