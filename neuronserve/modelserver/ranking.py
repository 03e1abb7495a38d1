"""Which of several model servers is the best for the next call. Pure.

Where the servers join rows into batches themselves, the fewest calls in flight alone are a bad guide: single
rows are then spread so thinly that each runs in a batch of its own, and the rows that wait behind it wait
for its whole time (``scripts/bench --only batching``: 16 servers of one core, batches of 4, 32 clients: half
of what they could do). So a batch that is being filled is filled first, as long as it may still wait for
rows; then comes a copy that is free; and when all are busy, the batch that waits next and has most rows.
"""

from __future__ import annotations

from typing import Protocol

FILLING_NS = 1_000_000  # TFSC's default for how long a batch waits: SAGEMAKER_TFS_BATCH_TIMEOUT_MICROS

Rank = tuple[int, float, float, float]


class Busy(Protocol):
    """``copies``: batches that the server runs at once."""

    @property
    def copies(self) -> int: ...


def rank(server: Busy, in_flight: int, chosen_ns: int, now_ns: int, joins: int = 1) -> Rank:
    """The least is the best. Of equals it is the one that was chosen longest ago: it will be free first.

    ``joins``: calls like this one that the server makes one batch of; 1: each runs by itself. ``chosen_ns``:
    when any worker last chose it, on the clock of ``now_ns``.
    """
    if joins > 1:
        if 0 < in_flight < joins and now_ns - chosen_ns <= FILLING_NS:
            return (0, -in_flight, 0, chosen_ns)
        if in_flight >= server.copies:
            batches = in_flight // joins + 1  # with this call in the last of them
            return (2, batches / server.copies, -in_flight, chosen_ns)
    return (1, in_flight / server.copies, 0, chosen_ns)
