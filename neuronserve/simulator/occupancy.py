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


@dataclasses.dataclass(eq=False)
class _Waiter:
    copies: Sequence[range]
    served: threading.Condition  # its own, so that only whoever gets a copy wakes up
    given: range | None = None


class Occupancy:
    """Cores 0 to ``count - 1`` of a process. All methods may be called from any thread."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._free = set(range(count))
        self._waiting: list[_Waiter] = []
        self._turn = 0
        self._last = dict.fromkeys(range(count), 0)  # when it was last given, in turns
        self._counts = {core: Count() for core in range(count)}

    @contextlib.contextmanager
    def occupy(self, copies: Sequence[range], batches: int, deadline: float | None) -> Iterator[range]:
        """Wait for a free copy and occupy it; the one that was idle longest, so that all get their share.

        ``deadline``: a ``time.monotonic()`` value; TimeoutError when none became free before it.
        """
        copy = self._take(copies, deadline)
        begin, done = time.monotonic(), 0
        try:
            yield copy
            done = batches
        finally:
            self._give(copy, done, time.monotonic() - begin)

    def counts(self) -> dict[int, Count]:
        """What each core has done so far; a run counts when it has succeeded."""
        with self._lock:
            return {core: dataclasses.replace(count) for core, count in self._counts.items()}

    def _take(self, copies: Sequence[range], deadline: float | None) -> range:
        waiter = _Waiter(copies, threading.Condition(self._lock))
        with self._lock:
            self._waiting.append(waiter)
            self._serve()
            timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
            waiter.served.wait_for(lambda: waiter.given is not None, timeout)
            if waiter.given is None:
                self._waiting.remove(waiter)
                self._serve()  # others may take what was kept for it
                raise TimeoutError
            return waiter.given

    def _give(self, copy: range, batches: int, seconds: float) -> None:
        with self._lock:
            for core in copy:
                self._counts[core].batches += batches
                self._counts[core].busy_seconds += seconds
            self._free.update(copy)
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
            waiter.given = min(idle, key=lambda copy: max(self._last[core] for core in copy))
            self._waiting.remove(waiter)
            self._turn += 1
            self._last.update(dict.fromkeys(waiter.given, self._turn))
            self._free.difference_update(waiter.given)
            left.difference_update(waiter.given)
            waiter.served.notify()
