"""Device memory of a server's cores, and what a model takes of it. Pure.

A chip's memory is shared out evenly among its cores: each loads its own copy of an executable. Copies lie as
tensorflow-neuron's ``placer.cc`` puts them: the first on a server's first cores, the next on those after.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from neuronserve.neuron import layout
from neuronserve.neuron.chips import Chip
from neuronserve.neuron.need import Need

# Of an executable: what it says its content has, and a fifth for buffers and rings. An estimate, as
# TensorFlow Serving makes it of main memory; the runtime's own refusal counts besides.
FACTOR = 1.2


@dataclasses.dataclass(frozen=True)
class Memory:
    """Of one server: how many cores it owns, and the bytes of device memory that each has (0: not known)."""

    cores: int
    bytes_per_core: int


@dataclasses.dataclass(frozen=True)
class Demand:
    """What one model takes: ``need`` of cores, and ``copy_bytes`` of device memory for each copy."""

    need: Need
    copy_bytes: int


def memory(cores: int, chips: Sequence[Chip]) -> Memory:
    """Of a server with so many cores on these chips; of unlike chips the least counts."""
    known = [(chip.device_mib << 20) // chip.cores if chip.device_mib and chip.cores else 0 for chip in chips]
    return Memory(cores, min(known, default=0))


def per_core(demand: Demand, cores: int) -> tuple[int, ...]:
    """Bytes that the model takes of each core of a server with so many; zeros where it has no copy."""
    each = demand.need.cores
    if not each:
        return (0,) * cores
    used = each * layout.copies(demand.need, cores)
    share = -(-int(demand.copy_bytes * FACTOR) // each)
    return (share,) * min(used, cores) + (0,) * max(0, cores - used)


def fits(place: Memory, there: Sequence[Demand], new: Demand) -> bool:
    """Whether the memory of each core has room for one more model."""
    if not place.bytes_per_core:
        return True
    return fullest(place, [*there, new]) <= place.bytes_per_core


def fullest(place: Memory, there: Sequence[Demand]) -> int:
    """Bytes taken on the core that has the least left."""
    taken = [per_core(demand, place.cores) for demand in there]
    return max((sum(core) for core in zip(*taken, strict=True)), default=0)
