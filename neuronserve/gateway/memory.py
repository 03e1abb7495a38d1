"""The memory that requests may take: of each, and of those of all workers together.

A request's share is taken before what it is for is done: before its body is received, unpacked, decoded,
made into messages, and before its answer is written. Shares are counted on the board
(``modelserver/board.py``), so that all workers know of all; those of a dead worker are given back by the
process that forked it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from neuronserve import machine
from neuronserve.errors import BodyTooLarge, Overloaded
from neuronserve.modelserver.board import Board

UNCOUNTED = 1 << 20  # bytes: below, a request costs more to count than it may cost; the reserve has them
_LARGE = 16 << 20  # bytes of one step, before which the machine is looked at
_LEAST = 64 << 20  # bytes for requests, however little seems to be there
_LEAST_RESERVE = 64 << 20
_RESERVE = 0.1  # of the memory there is
_TIMES = 8  # of the largest body: the most that one request may take
_BESIDE = 64 << 20
_SECONDS = 1.0
_SMALLER = "send less at a time"


class Budget:
    """Of one worker. ``most``: bytes for one request, 0 for no limit. ``total``: for all; None: as there is.

    Without ``total`` it is what the container has left while no request holds any (its limit, or the
    machine's memory, less what the model servers and the workers take), less a tenth as a reserve.
    """

    def __init__(
        self,
        board: Board,
        *,
        most: int = 0,
        total: int | None = None,
        available: Callable[[], int] = machine.memory_available,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._board = board
        self._most = most
        self._total = total
        self._available = available
        self._clock = clock
        self._looked = -_SECONDS

    def lease(self) -> Lease:
        """A share of nothing yet."""
        return Lease(self)

    @property
    def total(self) -> int:
        """Bytes for the requests of all workers."""
        if self._total is not None:
            return self._total
        now = self._clock()
        if now - self._looked >= _SECONDS and not self._board.shares():
            self._looked = now
            there = self._available()
            self._board.budget = max(_LEAST, there - max(_LEAST_RESERVE, int(there * _RESERVE)))
        return self._board.budget or _LEAST

    def take(self, held: int, more: int) -> None:
        """``more`` bytes for a request that has ``held``.

        BodyTooLarge: it can never have them. Overloaded: not now.
        """
        total, needed = self.total, held + more
        most = min(total, self._most or total)
        if needed > most:
            raise BodyTooLarge(
                f"the request needs up to {_mib(needed)} of memory; there are at most {_mib(most)} for one",
                hint=f"{_SMALLER}, or send numbers as npy" if most == self._most else _SMALLER,
            )
        # first counted, then looked at: of two workers at the same time, none sees too little
        self._board.share(more)
        if self._board.shares() > total or (more >= _LARGE and self._available() < more):
            self._board.share(-more)
            raise Overloaded(
                f"the request needs up to {_mib(needed)} of memory, which others use now", hint="try again"
            )

    def give_back(self, held: int) -> None:
        self._board.share(-held)


class Lease:
    """What one request holds, by what it is for. Used by one thread at a time."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._steps: dict[str, int] = {}
        self._held = 0

    def charge(self, step: str, size: int) -> None:
        """``step`` may need ``size`` bytes now, instead of what it needed until now. As ``Budget.take``."""
        needed = sum(self._steps.values()) - self._steps.get(step, 0) + size
        if needed > self._held and needed > UNCOUNTED:
            self._budget.take(self._held, needed - self._held)
            self._held = needed
        elif needed < self._held:
            self._budget.give_back(self._held - needed)
            self._held = needed
        self._steps[step] = size

    def meter(self, step: str) -> Callable[[int], None]:
        """For those who know only of one step."""
        return lambda size: self.charge(step, size)

    def close(self) -> None:
        """All is given back; may be called again."""
        held, self._held = self._held, 0
        self._steps.clear()
        if held:
            self._budget.give_back(held)


def most_for_one(max_body_bytes: int) -> int:
    """What one request may take, where bodies may have ``max_body_bytes``; 0, no limit, for 0."""
    return _TIMES * max_body_bytes + _BESIDE if max_body_bytes else 0


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"
