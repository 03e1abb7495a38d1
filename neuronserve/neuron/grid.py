"""The NeuronCores of this host as one row of numbers, and the part of it that may be used.

Cores are numbered on through the chips given, as the runtime does: chip after chip, from ``offset``.
Source: AWS Neuron SDK documentation, "NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from neuronserve.errors import DeviceFault, NotEnoughCores

Range = tuple[int, int]  # first and last core, both included


class ChipCores(Protocol):
    """What has to be known of a chip."""

    @property
    def index(self) -> int: ...
    @property
    def cores(self) -> int | None: ...


@dataclasses.dataclass(frozen=True)
class Segment:
    """The usable cores of one chip: contiguous, ``first`` to ``last``."""

    chip: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclasses.dataclass(frozen=True)
class Grid:
    """``chips``: (chip's index, first core, last core), all there is; ``segments``: what may be used."""

    chips: tuple[tuple[int, int, int], ...]
    segments: tuple[Segment, ...]

    @property
    def usable(self) -> Range:
        return self.segments[0].first, self.segments[-1].last

    @property
    def size(self) -> int:
        """How many cores may be used."""
        return sum(len(segment) for segment in self.segments)

    def chips_of(self, cores: Range) -> tuple[int, ...]:
        """The chips that a range lies on."""
        return tuple(chip for chip, first, last in self.chips if first <= cores[1] and cores[0] <= last)


def grid(
    chips: Sequence[ChipCores],
    *,
    offset: int = 0,
    visible: Range | None = None,
    count: int | None = None,
) -> Grid:
    """The cores of ``chips``, of which ``visible`` may be used, else the first ``count`` (0: all).

    Raises DeviceFault when a chip's cores are not known, NotEnoughCores when more is asked for than
    there is.
    """
    spans = []
    first = offset
    for chip in chips:
        if not chip.cores:
            raise DeviceFault(
                f"how many NeuronCores /dev/neuron{chip.index} has is not known: the driver does not tell",
                hint="set SERVE_INSTANCE_TYPE, such as inf1.xlarge",
            )
        spans.append((chip.index, first, first + chip.cores - 1))
        first += chip.cores
    if not spans:
        raise NotEnoughCores("there is no Neuron chip here", hint=_DEVICE_HINT)
    low, high = _allowed(spans[0][1], spans[-1][2], visible, count)
    segments = tuple(
        Segment(chip, max(a, low), min(b, high)) for chip, a, b in spans if a <= high and low <= b
    )
    return Grid(tuple(spans), segments)


_DEVICE_HINT = "give the container its chips: docker run --device=/dev/neuron0 ..."


def _allowed(low: int, high: int, visible: Range | None, count: int | None) -> Range:
    if visible is not None:
        if visible[0] < low or visible[1] > high:
            raise NotEnoughCores(
                f"NEURON_RT_VISIBLE_CORES={text(visible)}, but the cores here are {text((low, high))}",
                hint="name cores that are here, counted from 0 or as the host counts, or leave it unset; "
                "SERVE_CORE_OFFSET numbers the first",
            )
        return visible
    if count:
        if count > high - low + 1:
            raise NotEnoughCores(
                f"NEURON_RT_NUM_CORES={count}, but there are {high - low + 1} cores here",
                hint="lower it, leave it unset, or give the container more chips",
            )
        return low, low + count - 1
    return low, high


def text(cores: Range) -> str:
    """As the runtime writes it: ``3`` or ``0-3``."""
    return str(cores[0]) if cores[0] == cores[1] else f"{cores[0]}-{cores[1]}"


def overlap(one: Range, other: Range) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
