"""How the model servers fare, for all gateway workers together: tables in shared memory.

Calls in flight, answers, and the bytes of memory that requests hold (``gateway/memory.py``) are counted in a
cell for each worker, which only that worker writes; so no lock is shared between processes, and a dead
worker's calls and bytes are cleared by the process that forked it. Failures in a row, ejections and turns
have one cell for each server, which all workers write: an update that is lost in a race only means that a
server is ejected one failure later, or chosen out of turn.

::

    rows in use, bytes of memory for requests         8 x int64, the first two are used
    bytes of memory that requests hold                [WORKERS] int64
    failures, ejected until, ejections, last chosen  4 x [SERVERS] int64
    answers                                          [SERVERS][WORKERS] int64
    calls in flight                                  [SERVERS][WORKERS] int32
    requests in flight, on multi-model endpoints     [WORKERS][MODELS] int16

The last table counts the requests for each loaded model (``state.Model.slot`` is its column): a worker holds
the model *before* it looks whether it is still in the state, and the supervisor takes it out of the state
before it looks whether anybody holds it; so one of the two sees the other. 4 MB, which nobody else has.
"""

from __future__ import annotations

import mmap
import os
import threading
from pathlib import Path

WORKERS = 512  # twice the most: a dying worker and its successor hold a row each
SERVERS = 256
_HEAD, _CELL, _SMALL = 64, 8, 4  # bytes
_HEALTH = 4 * SERVERS * _CELL
_SHARES = WORKERS * _CELL
_ANSWERS = SERVERS * WORKERS * _CELL
_IN_FLIGHT = SERVERS * WORKERS * _SMALL
SIZE = _HEAD + _SHARES + _HEALTH + _ANSWERS + _IN_FLIGHT

MODELS = 4096  # columns: models that may be loaded, or on their way out, at the same time
_HOLD = 2  # bytes: a worker has far fewer threads than 32,767
HOLDS = WORKERS * MODELS * _HOLD
_NO_HOLDS = memoryview(bytes(MODELS * _HOLD)).cast("h")


class Cells:
    """The tables, mapped."""

    def __init__(self, memory: mmap.mmap) -> None:
        view = memoryview(memory)
        tables = _HEAD + _SHARES
        health = view[tables : tables + _HEALTH].cast("q")
        self.head = view[:_HEAD].cast("q")
        self.memory = view[_HEAD:tables].cast("q")
        self.failures = health[:SERVERS]  # in a row
        self.until = health[SERVERS : 2 * SERVERS]  # ns of the monotonic clock; 0: not ejected
        self.ejections = health[2 * SERVERS : 3 * SERVERS]  # in a row
        self.chosen = health[3 * SERVERS :]  # last, in ns of the monotonic clock
        self.answers = view[tables + _HEALTH : SIZE - _IN_FLIGHT].cast("q")
        self.flying = view[SIZE - _IN_FLIGHT : SIZE].cast("i")
        self.holds = view[SIZE : SIZE + HOLDS].cast("h")  # empty where models do not come and go

    def in_flight(self, server: int) -> int:
        """Calls in flight at one server, from all workers."""
        first = server * WORKERS
        return sum(self.flying[first : first + self.head[0]])

    def completed(self, server: int) -> int:
        """Answers that one server gave to all workers, also such as were the client's fault; never falls."""
        first = server * WORKERS
        return sum(self.answers[first : first + self.head[0]])

    def shares(self) -> int:
        """Bytes of memory that the requests of all workers hold."""
        return sum(self.memory[: self.head[0]])

    def ejected(self, server: int) -> bool:
        """Whether it gets no calls for now, or one to see whether it is well again."""
        return self.until[server] != 0

    def held(self, model: int) -> int:
        """Requests of all workers that hold one model; ``model`` is its column."""
        return sum(self.holds[model : self.head[0] * MODELS : MODELS])


class Board(Cells):
    """What a worker writes: ``slot`` is its row. ``models``: with the table of requests for each model.

    A file that is there is taken over: on a full disk there would be no room for another one. Answers go on
    from where they are; whoever had calls in flight is dead.
    """

    def __init__(self, path: Path, *, models: bool = False) -> None:
        size = SIZE + HOLDS if models else SIZE
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # not sparse: on a full disk a hole would be a SIGBUS later, instead of an error now
            os.posix_fallocate(handle, 0, size)
            memory = mmap.mmap(handle, size)
        finally:
            os.close(handle)
        super().__init__(memory)
        self._lock = threading.Lock()
        self.slot = 0
        self._forget()
        self.rows = 1

    def _forget(self) -> None:
        """All but the answers."""
        for table in (self.failures, self.until, self.ejections, self.chosen, self.flying, self.holds):
            bytes_of = table.cast("B")
            bytes_of[:] = bytes(len(bytes_of))

    @property
    def rows(self) -> int:
        """Rows in use: readers need not add up empty ones. It only grows."""
        return self.head[0]

    @rows.setter
    def rows(self, rows: int) -> None:
        self.head[0] = max(self.head[0], rows)

    @property
    def budget(self) -> int:
        """Bytes of memory for all requests, as one of the workers found out; 0: nobody did yet."""
        return self.head[1]

    @budget.setter
    def budget(self, size: int) -> None:
        self.head[1] = size

    def share(self, size: int) -> None:
        """A request holds ``size`` bytes more, or less."""
        with self._lock:
            self.memory[self.slot] += size

    def enter(self, server: int) -> None:
        with self._lock:
            self.flying[server * WORKERS + self.slot] += 1

    def leave(self, server: int, *, answered: bool = False) -> None:
        cell = server * WORKERS + self.slot
        with self._lock:
            self.flying[cell] -= 1
            if answered:
                self.answers[cell] += 1

    def hold(self, model: int) -> None:
        """A request for the model in this column begins; only then look whether it is still loaded."""
        with self._lock:
            self.holds[self.slot * MODELS + model] += 1

    def release(self, model: int) -> None:
        with self._lock:
            self.holds[self.slot * MODELS + model] -= 1

    def clear(self, slot: int) -> None:
        """Forget a dead worker's calls and memory; its answers stay, and its successor goes on from there."""
        for server in range(SERVERS):
            self.flying[server * WORKERS + slot] = 0
        self.memory[slot] = 0
        if self.holds:
            self.holds[slot * MODELS : (slot + 1) * MODELS] = _NO_HOLDS


class BoardReader:
    """The same for another process, which may be there before the file is and stay when it is replaced.

    Made for one thread. Without a file all is 0. Answers are counted on over a replacement.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cells: Cells | None = None
        self._seen = (0, 0)  # inode and bytes of what is mapped
        self._before: dict[int, int] = {}  # answers in files that were replaced

    def in_flight(self, server: int) -> int:
        cells = self._current()
        return cells.in_flight(server) if cells else 0

    def completed(self, server: int) -> int:
        """As ``Cells.completed``."""
        cells = self._current()
        return self._before.get(server, 0) + (cells.completed(server) if cells else 0)

    def ejected(self, server: int) -> bool:
        cells = self._current()
        return cells is not None and cells.ejected(server)

    def held(self, model: int) -> int:
        """As ``Cells.held``."""
        cells = self._current()
        return cells.held(model) if cells else 0

    def _current(self) -> Cells | None:
        try:
            now = os.stat(self._path)
            if (now.st_ino, now.st_size) == self._seen:
                return self._cells
            handle = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return self._cells
        try:
            found = os.fstat(handle)
            if found.st_size >= SIZE:  # smaller: it is being made
                size = SIZE + HOLDS if found.st_size >= SIZE + HOLDS else SIZE
                cells = Cells(mmap.mmap(handle, size, prot=mmap.PROT_READ))
                self._replace(cells, (found.st_ino, found.st_size))
        finally:
            os.close(handle)
        return self._cells

    def _replace(self, cells: Cells, seen: tuple[int, int]) -> None:
        if self._cells is not None and seen[0] != self._seen[0]:
            for server in range(SERVERS):
                self._before[server] = self._before.get(server, 0) + self._cells.completed(server)
        self._seen, self._cells = seen, cells
