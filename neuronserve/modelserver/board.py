"""Calls in flight, for all gateway workers together: a table in shared memory.

One row per worker slot, one column per model server. Only a row's owner writes it, so no lock is
shared between processes; a dead worker's row is cleared by the process that forked it.
"""

from __future__ import annotations

import mmap
import os
import threading
from pathlib import Path

WORKERS = 512  # twice the most: a dying worker and its successor hold a row each
SERVERS = 256
_CELL = 4


class Board:
    """The table, mapped. ``slot`` is the row this process writes."""

    def __init__(self, path: Path) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # not sparse: on a full disk a hole would be a SIGBUS later, instead of an error now
            os.posix_fallocate(handle, 0, WORKERS * SERVERS * _CELL)
            self._map = mmap.mmap(handle, WORKERS * SERVERS * _CELL)
        finally:
            os.close(handle)
        self._cells = memoryview(self._map).cast("i")
        self._lock = threading.Lock()
        self.slot = 0
        self.rows = 1  # rows in use: readers need not add up empty ones

    def enter(self, server: int) -> None:
        with self._lock:
            self._cells[self.slot * SERVERS + server] += 1

    def leave(self, server: int) -> None:
        with self._lock:
            self._cells[self.slot * SERVERS + server] -= 1

    def in_flight(self, server: int) -> int:
        """Calls in flight at one server, from all workers."""
        cells = self._cells
        return sum(cells[row * SERVERS + server] for row in range(self.rows))

    def clear(self, slot: int) -> None:
        """Forget a dead worker's calls."""
        start = slot * SERVERS
        self._cells[start : start + SERVERS] = memoryview(bytes(SERVERS * _CELL)).cast("i")
