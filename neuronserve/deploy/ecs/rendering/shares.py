"""Who gets what of an instance: chips, cpu and memory of each task on it."""

from __future__ import annotations

import dataclasses
import itertools

from neuronserve.deploy.ecs import allocatable
from neuronserve.deploy.ecs.rendering.spec import Mode, TaskSpec
from neuronserve.errors import InvalidInput

MIN_CPU, MAX_CPU = 128, 196_608  # units; the range of a task on EC2
MIN_MEMORY_MIB = 512  # the gateway, nginx and a model server with nothing loaded take nearly as much


@dataclasses.dataclass(frozen=True)
class Share:
    """One task's part: ``chips`` from ``first_chip`` on, cpu in units, memory in MiB."""

    index: int
    first_chip: int
    chips: int
    cpu: int
    memory_mib: int


def shares(spec: TaskSpec) -> tuple[Share, ...]:
    """One share for each task on an instance.

    Chips are contiguous and divided as evenly as they can be, the first tasks getting one more; cpu and
    memory go with the chips. Raises InvalidInput when the instance has not that much.
    """
    count = spec.slots if spec.mode is Mode.SLOTS else 1
    instance = spec.instance_type
    if not 1 <= count <= instance.chips:
        raise InvalidInput(
            f"{count} slots on {instance.name}: expected 1"
            + (f" to {instance.chips}, one for each chip" if instance.chips > 1 else ": it has one chip"),
            hint="a chip belongs to one slot; a task uses all cores of its chips",
        )
    chips = [instance.chips // count + (n < instance.chips % count) for n in range(count)]
    firsts = [0, *itertools.accumulate(chips)]
    cpu, memory = available(spec)
    parts = tuple(
        Share(
            index=n,
            first_chip=firsts[n],
            chips=own,
            cpu=spec.cpu if spec.cpu is not None else cpu * own // instance.chips,
            memory_mib=spec.memory_mib if spec.memory_mib is not None else memory * own // instance.chips,
        )
        for n, own in enumerate(chips)
    )
    _must_fit(spec, parts, cpu, memory)
    return parts


def available(spec: TaskSpec) -> tuple[int, int]:
    """CPU units and MiB of an instance for all its tasks of this kind together. Raises InvalidInput."""
    instance, registered = spec.instance_type, spec.registered_memory_mib
    if registered is not None and registered >= instance.memory_mib:
        raise InvalidInput(
            f"{registered} MiB registered: {instance.name} has {instance.memory_mib}, and registers less",
            hint="scripts/ecs status shows what an instance registered",
        )
    cpu = allocatable.cpu(instance)
    memory = allocatable.memory_mib(instance) if registered is None else registered
    for what, reserved, there in (
        ("cpu units", spec.reserved_cpu, cpu),
        ("MiB of memory", spec.reserved_memory_mib, memory),
    ):
        if reserved >= there:
            raise InvalidInput(f"{reserved} {what} reserved: {instance.name} has {there}, and none is left")
    return cpu - spec.reserved_cpu, memory - spec.reserved_memory_mib


def _must_fit(spec: TaskSpec, parts: tuple[Share, ...], cpu: int, memory: int) -> None:
    name = spec.instance_type.name
    asked_cpu, asked_memory = sum(p.cpu for p in parts), sum(p.memory_mib for p in parts)
    if asked_cpu > cpu:
        raise InvalidInput(
            f"{_of(parts, 'cpu units', asked_cpu)}: {name} has {cpu} for tasks",
            hint="lower --cpu or --reserve-cpu: such a task is never placed",
        )
    if asked_memory > memory:
        raise InvalidInput(
            f"{_of(parts, 'MiB of memory', asked_memory)}: {name} has about {memory} for tasks, "
            f"of nominally {spec.instance_type.memory_mib}",
            hint="lower --memory, or say what an instance registers with --registered-memory",
        )
    for part in parts:
        if not MIN_CPU <= part.cpu <= MAX_CPU:
            raise InvalidInput(f"{part.cpu} cpu units for a task: ECS takes {MIN_CPU} to {MAX_CPU}")
        if part.memory_mib < MIN_MEMORY_MIB:
            raise InvalidInput(
                f"{part.memory_mib} MiB of memory for a task: it needs at least {MIN_MEMORY_MIB}, "
                "and what the model takes on the host"
            )


def _of(parts: tuple[Share, ...], what: str, total: int) -> str:
    return f"{total} {what}" + (f" for {len(parts)} slots" if len(parts) > 1 else "")
