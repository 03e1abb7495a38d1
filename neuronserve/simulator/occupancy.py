"""The cores of one process as something that runs of models occupy, each for its time.

A model has *copies*, each on a run of contiguous cores, as the framework places them: copy k on the cores
from ``k * cores`` on. A run of the model occupies one copy; models share cores, and wait for each other
there. Who came first is served first: a later one takes no core that an earlier one could use.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator, Sequence


@dataclasses.dataclass
class Count:
    """What a core has done: batches, and the seconds that it was occupied."""

    batches: int = 0
    busy_seconds: float = 0.0


@dataclasses.dataclass
class Turn:
    """A copy and when it is occupied: ``time.monotonic()`` values.

    ``begin`` is when its cores were through with the run before, which may be a little before the thread that
    waited for it woke up: a busy machine must not make the cores that it simulates slower. Whoever has
    the turn sets ``end``; None: it ends when it is given back.
    """

    copy: range
    begin: float
    end: float | None = None


@dataclasses.dataclass(eq=False)
class _Waiter:
    copies: Sequence[range]
    came: float
    served: threading.Condition  # its own, so that only whoever gets a copy wakes up
    turn: Turn | None = None


class Occupancy:
    """Cores 0 to ``count - 1`` of a process. All methods may be called from any thread."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._free = set(range(count))
        self._waiting: list[_Waiter] = []
        self._turn = 0
        self._last = dict.fromkeys(range(count), 0)  # when it was last given, in turns
        self._ended = dict.fromkeys(range(count), 0.0)  # when its last turn ended
        self._counts = {core: Count() for core in range(count)}

    @contextlib.contextmanager
    def occupy(self, copies: Sequence[range], batches: int, deadline: float | None) -> Iterator[Turn]:
        """Wait for a free copy and occupy it; the one that was idle longest, so that all get their share.

        ``deadline``: a ``time.monotonic()`` value; TimeoutError when none became free before it.
        """
        turn, done = self._take(copies, deadline), 0
        try:
            yield turn
            done = batches
        finally:
            self._give(turn, done)

    def counts(self) -> dict[int, Count]:
        """What each core has done so far; a run counts when it has succeeded."""
        with self._lock:
            return {core: dataclasses.replace(count) for core, count in self._counts.items()}

    def _take(self, copies: Sequence[range], deadline: float | None) -> Turn:
        now = time.monotonic()
        waiter = _Waiter(copies, now, threading.Condition(self._lock))
        with self._lock:
            self._waiting.append(waiter)
            self._serve()
            timeout = None if deadline is None else max(0.0, deadline - now)
            waiter.served.wait_for(lambda: waiter.turn is not None, timeout)
            if waiter.turn is None:
                self._waiting.remove(waiter)
                self._serve()  # others may take what was kept for it
                raise TimeoutError
            return waiter.turn

    def _give(self, turn: Turn, batches: int) -> None:
        end = time.monotonic() if turn.end is None else turn.end
        with self._lock:
            for core in turn.copy:
                self._ended[core] = end
                self._counts[core].batches += batches
                self._counts[core].busy_seconds += end - turn.begin
            self._free.update(turn.copy)
            self._serve()

    def _serve(self) -> None:
        """Give free copies to those who wait, in their order; called with the lock held."""
        left = set(self._free)
        for waiter in list(self._waiting):
            if not left:
                break
            idle = [copy for copy in waiter.copies if left.issuperset(copy)]
            if not idle:
                left.difference_update(*waiter.copies)
                continue
            copy = min(idle, key=lambda copy: max(self._last[core] for core in copy))
            waiter.turn = Turn(copy, max(waiter.came, *(self._ended[core] for core in copy)))
            self._waiting.remove(waiter)
            self._turn += 1
            self._last.update(dict.fromkeys(copy, self._turn))
            self._free.difference_update(copy)
            left.difference_update(copy)
            waiter.served.notify()
