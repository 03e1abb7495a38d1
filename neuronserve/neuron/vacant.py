"""Core ranges for model servers whose models are not known yet: models come and go while they run. Pure.

A process takes its cores when it runs its first compiled model, and gives them back when it ends: so each
server keeps its range whatever it serves, and models are placed where there is room (``capacity.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.errors import NotEnoughCores
from neuronserve.neuron import layout
from neuronserve.neuron.grid import Grid, Range
from neuronserve.neuron.plan import Owner, Plan

_NOTE = "models come and go: each runs on the cores of the server that it is loaded into"


def vacant(grid: Grid, servers: int | None = None) -> Plan:
    """One server for each chip, or ``servers`` of them with the cores shared out evenly.

    With fewer servers than chips each has whole neighbouring chips; with more, no server reaches over the
    boundary of a chip. Raises NotEnoughCores when there are more servers than cores.
    """
    if servers is not None and servers > grid.size:
        raise NotEnoughCores(
            f"SAGEMAKER_TFS_INSTANCE_COUNT={servers}, but there are {grid.size} cores to share out",
            hint=f"set it to {grid.size} at most, or leave it unset: one server for each chip",
        )
    owners = tuple(
        # as many batches at once as there are cores, when its models may be copied to all of them
        Owner(at, cores, grid.chips_of(cores), (), cores[1] - cores[0] + 1)
        for at, cores in enumerate(_ranges(grid, servers or len(grid.segments)))
    )
    return Plan(owners, notes=(_NOTE,))


def _ranges(grid: Grid, servers: int) -> Iterator[Range]:
    if servers <= len(grid.segments):
        for chips in layout.runs(grid.segments, servers):
            yield chips[0].first, chips[-1].last
        return
    for segment, count in layout.parts(grid.segments, servers):
        first = segment.first
        for at in range(count):
            share = len(segment) // count + (at < len(segment) % count)
            yield first, first + share - 1
            first += share
