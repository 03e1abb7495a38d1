"""What the driver counts for each core below ``/sys``, where there is no neuron-monitor.

Source: the AWS Neuron SDK's sysfs user guide, and ``neuron_sysfs_metrics.c`` of aws-neuron-driver:
``neuronN/neuron_coreM/stats/{status,memory_usage,other_info}``, where a counter is a folder with ``total``
and ``present``, readable by all. Driver 2.31 moved nodes of this tree; what is not where it was is not told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from neuronserve.neuron import sysfs
from neuronserve.neuron.chips import Chip, Host, Roots
from neuronserve.neuron.usage import CoreUsage, Usage

SOURCE = "sysfs"


@dataclasses.dataclass(frozen=True)
class Counters:
    """One core's counters since the driver was loaded; ``busy_us``: microseconds in use, of each part."""

    core: int
    busy_us: tuple[int, ...] = ()
    device_bytes: int | None = None
    executions: int | None = None
    errors: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Sample:
    """The counters of all cores given, at ``at`` seconds of a clock that only goes forward."""

    at: float
    cores: tuple[Counters, ...]


def read(roots: Roots, host: Host, now: float) -> Sample | None:
    """The counters of the chips given, cores counted from 0 over them; None where sysfs has none.

    ``now``: ``time.monotonic()``.
    """
    folder = sysfs.chips_dir(roots.sys)
    if folder is None:
        return None
    cores: list[Counters] = []
    first = 0
    for chip in host.chips:
        cores += _chip(folder / f"neuron{chip.host_index}", chip, first)
        first += chip.cores or 0
    told = [core for core in cores if core.busy_us or core.device_bytes is not None or core.executions]
    return Sample(now, tuple(cores)) if told else None


def between(before: Sample | None, after: Sample) -> Usage:
    """The use from one sample to the next; without a first one, utilisation is not told."""
    seconds = after.at - before.at if before else 0.0
    earlier = {core.core: core for core in before.cores} if before else {}
    return Usage(
        source=SOURCE,
        cores=tuple(
            CoreUsage(
                core=core.core,
                utilisation=_utilisation(earlier.get(core.core), core, seconds),
                device_bytes=core.device_bytes,
                executions=core.executions,
                errors=core.errors,
            )
            for core in after.cores
        ),
        seconds=seconds if seconds > 0 else None,
    )


def _utilisation(before: Counters | None, after: Counters, seconds: float) -> float | None:
    if before is None or seconds <= 0 or not after.busy_us or len(before.busy_us) != len(after.busy_us):
        return None
    spent = [new - old for old, new in zip(before.busy_us, after.busy_us, strict=True)]
    if min(spent) < 0:  # root may set counters to 0
        return None
    return min(1.0, sum(spent) / len(spent) / (seconds * 1_000_000))


def _chip(place: Path, chip: Chip, first: int) -> list[Counters]:
    """The driver's cores, joined to those that programs count (Trn2: two to one)."""
    numbers = sysfs.numbered(place, "neuron_core")
    count = chip.cores or 0
    if not count or len(numbers) < count:
        return []
    each = len(numbers) // count
    parts = [place / f"neuron_core{number}/stats" for number in numbers]
    return [_core(first + core, parts[core * each : (core + 1) * each]) for core in range(count)]


def _core(core: int, parts: list[Path]) -> Counters:
    busy = [_counter(part / "other_info/nc_time_in_use") for part in parts]
    stored = [_counter(part / "memory_usage/device_mem") for part in parts]
    done = [_counter(part / "status/success") for part in parts]
    errors: dict[str, int] = {}
    for part in parts:
        for kind, times in _errors(part / "status"):
            errors[kind] = errors.get(kind, 0) + times
    return Counters(
        core=core,
        busy_us=tuple(b for b in busy if b is not None) if None not in busy else (),
        device_bytes=_sum(stored),
        executions=_sum(done),
        errors=errors,
    )


def _errors(status: Path) -> list[tuple[str, int]]:
    try:
        kinds = sorted(path.name for path in status.iterdir())
    except OSError:
        return []
    counted = ((kind, _counter(status / kind)) for kind in kinds if kind != "success")
    return [(kind, times) for kind, times in counted if times]


def _counter(place: Path) -> int | None:
    """A counter is a folder with its ``total``; in some versions it is the file itself."""
    return sysfs.number(place / "total") if place.is_dir() else sysfs.number(place)


def _sum(values: list[int | None]) -> int | None:
    told = [value for value in values if value is not None]
    return sum(told) if told else None
