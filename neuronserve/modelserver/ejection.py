"""A server that fails again and again gets no calls for a while, and then one, to see whether it is well.

Without this a server that fails at once would be the least busy one, and take most of the calls. It stays
away for 1 s, and for twice as long after each failure that follows, up to 30 s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from neuronserve.modelserver.board import Cells

AFTER = 3  # failures in a row
_SECOND = 1_000_000_000
_LONGEST_SECONDS = 30


class Ejection:
    """Shared by all workers through the board's cells. ``clock``: in ns, the same for all processes."""

    def __init__(self, cells: Cells, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._cells = cells
        self._clock = clock

    def answered(self, server: int) -> None:
        """It is well."""
        if self._cells.failures[server] or self._cells.until[server]:
            self.forget(server)

    def failed(self, server: int, pool: Iterable[int]) -> None:
        """A fault of its own. ``pool``: all servers of the model; the last of them is never ejected."""
        cells = self._cells
        cells.failures[server] += 1
        if cells.failures[server] < AFTER or cells.until[server] > self._clock():
            return
        if any(other != server and not cells.until[other] for other in pool):
            self._eject(server)

    def tries(self, server: int) -> bool:
        """Whether an ejected server may be given one call now: asked by the one who will send it.

        Until that call has ended it counts as ejected again, for the longer time that a failure would mean.
        """
        if self._cells.until[server] > self._clock():
            return False
        self._eject(server)
        return True

    def forget(self, server: int) -> None:
        """It is another process now."""
        cells = self._cells
        cells.failures[server] = cells.ejections[server] = cells.until[server] = 0

    def _eject(self, server: int) -> None:
        cells = self._cells
        seconds = min(1 << min(cells.ejections[server], 10), _LONGEST_SECONDS)
        cells.ejections[server] += 1
        cells.until[server] = self._clock() + seconds * _SECOND
