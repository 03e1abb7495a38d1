"""Ranges of cores for copies of models: the arithmetic of the plan. Pure."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

from neuronserve.errors import NotEnoughCores
from neuronserve.neuron.grid import Grid, Range, Segment
from neuronserve.neuron.need import Need


@dataclasses.dataclass(frozen=True)
class Block:
    """A range for one server."""

    cores: Range
    models: tuple[str, ...]
    copies: int


def copies(need: Need, size: int) -> int:
    """How many copies of a model one process places on ``size`` cores.

    A model of several cores uses one range of them only, whatever its process sees.
    """
    return 1 if need.cores > 1 else max(1, min(need.duplicates, size))


def full(grid: Grid, needs: Sequence[Need]) -> list[Block]:
    """As many copies of all models as there is room for, shared out in turn; a model may get none."""
    rooms = [_Room(segment, len(segment)) for segment in grid.segments]
    order = sorted(needs, key=lambda need: -need.cores)  # the largest first: small ones fit in between
    blocks: list[Block] = []
    waiting = list(order)
    while waiting:
        waiting = [need for need in waiting if _place(rooms, need, blocks)]
    for room in rooms:
        blocks += room.blocks(order)
    return blocks


def even(grid: Grid, need: Need, servers: int) -> list[Block]:
    """Just so many servers, and no more chips in parts than that takes.

    Raises NotEnoughCores when there is no room for a copy in each.
    """
    singles = full(grid, [dataclasses.replace(need, duplicates=1)])
    if servers > len(singles):
        raise NotEnoughCores(
            f"SAGEMAKER_TFS_INSTANCE_COUNT={servers}, but {grid.size} cores have room for {len(singles)} "
            f"copies of {need.model!r}, of {need.cores} each",
            hint=f"set it to {len(singles)} at most, or leave it unset",
        )
    if need.cores > 1:
        return sorted(singles, key=lambda block: block.cores)[:servers]
    if servers <= len(grid.segments):
        return [_on_chips(chips, need) for chips in runs(grid.segments, servers)]
    return [
        block for segment, count in parts(grid.segments, servers) for block in _in_chip(segment, count, need)
    ]


def runs(segments: Sequence[Segment], count: int) -> Iterator[Sequence[Segment]]:
    """Whole neighbouring chips for each of ``count``, the larger runs first."""
    each, more = divmod(len(segments), count)
    for at in range(count):
        first = at * each + min(at, more)
        yield segments[first : first + each + (at < more)]


def _on_chips(chips: Sequence[Segment], need: Need) -> Block:
    """A server for these chips: over several only when it places more copies than one has room for."""
    used = copies(need, sum(map(len, chips)))
    largest = max(chips, key=len)
    first = largest.first if used <= len(largest) else chips[0].first
    return Block((first, first + used - 1), (need.model,), used)


def parts(segments: Sequence[Segment], servers: int) -> list[tuple[Segment, int]]:
    """How many servers each chip gets: one more for the chip with the most cores for each it has."""
    counts = [1] * len(segments)
    for _ in range(servers - len(segments)):
        at = max(range(len(segments)), key=lambda n: (len(segments[n]) / counts[n], -n))
        counts[at] += 1
    return list(zip(segments, counts, strict=True))


def _in_chip(segment: Segment, servers: int, need: Need) -> Iterator[Block]:
    """The cores of one chip shared out evenly."""
    first = segment.first
    for at in range(servers):
        share = len(segment) // servers + (at < len(segment) % servers)
        used = copies(need, share)
        yield Block((first, first + used - 1), (need.model,), used)
        first += share


def shared(grid: Grid, needs: Sequence[Need]) -> list[Block]:
    """Servers that hold all models, which take turns on the cores of one process: one for each chip."""
    largest = max(needs, key=lambda need: need.cores)
    ranges = [(s.first, s.last) for s in grid.segments if len(s) >= largest.cores]
    if not ranges:
        ranges = [block.cores for block in full(grid, [largest])]
    names = tuple(need.model for need in needs)
    return [Block(r, names, min(copies(need, r[1] - r[0] + 1) for need in needs)) for r in ranges]


@dataclasses.dataclass
class _Room:
    """The cores of one chip that are free, from ``segment.last - free + 1`` on, and how they are promised."""

    segment: Segment
    free: int
    promised: dict[str, int] = dataclasses.field(default_factory=dict)  # model -> copies

    def blocks(self, order: Sequence[Need]) -> Iterator[Block]:
        first = (
            self.segment.last
            + 1
            - self.free
            - sum(self.promised.get(need.model, 0) * need.cores for need in order)
        )
        for need in order:
            for size in _sizes(need, self.promised.get(need.model, 0)):
                yield Block((first, first + size - 1), (need.model,), copies(need, size))
                first += size


def _sizes(need: Need, count: int) -> Iterator[int]:
    """Cores of each server for ``count`` copies on one chip: as few servers as may be, evenly filled."""
    together = need.duplicates if need.cores == 1 else 1
    servers = math.ceil(count / together)
    for at in range(servers):
        yield (count // servers + (at < count % servers)) * need.cores


def _place(rooms: list[_Room], need: Need, across: list[Block]) -> bool:
    """Promise one more copy. The next chip is the one that has given least, so that chips fill evenly."""
    fitting = [room for room in rooms if room.free >= need.cores]
    if fitting:
        room = max(fitting, key=lambda room: (room.free, -room.segment.first))
        room.free -= need.cores
        room.promised[need.model] = room.promised.get(need.model, 0) + 1
        return True
    return _place_across(rooms, need, across)


def _place_across(rooms: list[_Room], need: Need, across: list[Block]) -> bool:
    """A copy that no single chip has room for: neighbouring chips that are free from its start to its end."""
    if any(len(room.segment) >= need.cores for room in rooms):
        return False  # it fits a chip, and all such are full
    for at, start in enumerate(rooms):
        if start.promised or not start.free:
            continue
        taken: list[tuple[_Room, int]] = []
        left = need.cores
        for room in rooms[at:]:
            if room.promised or (taken and room.free < len(room.segment)):
                break
            taken.append((room, min(room.free, left)))
            left -= taken[-1][1]
            if not left:
                first = start.segment.last + 1 - start.free
                across.append(Block((first, first + need.cores - 1), (need.model,), 1))
                for one, cores in taken:
                    one.free -= cores
                return True
    return False
