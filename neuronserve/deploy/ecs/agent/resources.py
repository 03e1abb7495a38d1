"""CPU and memory of a container: its own numbers, and those of its task."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from neuronserve.deploy.ecs.registry.canonical import canonical
from neuronserve.errors import InvalidInput

_LEAST_SHARES = 2  # the kernel's; Docker would make 1024 of none
_UNITS_PER_CPU = 1024


@dataclasses.dataclass(frozen=True)
class Resources:
    """Memory in MiB; ``swap_mib`` is what memory and swap may be together. ``cpus``: a quota, in CPUs."""

    shares: int
    cpus: float | None = None
    memory_mib: int | None = None
    reservation_mib: int | None = None
    swap_mib: int | None = None
    shared_memory_mib: int | None = None
    notes: tuple[str, ...] = ()


def of(request: Mapping[str, Any], container: Mapping[str, Any]) -> Resources:
    """The agent gives a task a cgroup with the task's numbers; an engine alone has containers only."""
    linux = container.get("linuxParameters") or {}
    cpu, task_memory = (_whole(request, key) for key in ("cpu", "memory"))
    memory, max_swap = container.get("memory") or task_memory, linux.get("maxSwap")
    return Resources(
        shares=max(container.get("cpu") or 0, _LEAST_SHARES),
        cpus=cpu / _UNITS_PER_CPU if cpu else None,
        memory_mib=memory,
        reservation_mib=container.get("memoryReservation") or None,
        swap_mib=memory + max_swap if memory and max_swap is not None else None,
        shared_memory_mib=linux.get("sharedMemorySize") or None,
        notes=_notes(request, container, cpu, task_memory),
    )


def task_size(request: Mapping[str, Any]) -> tuple[int, int]:
    """CPU units and MiB that ECS reserves for the task: its own numbers, or the sum of its containers'."""
    containers = request["containerDefinitions"]
    cpu, memory = _whole(request, "cpu"), _whole(request, "memory")
    return (
        cpu or sum(c.get("cpu") or 0 for c in containers),
        memory or sum(c.get("memoryReservation") or c.get("memory") or 0 for c in containers),
    )


def _whole(request: Mapping[str, Any], key: str) -> int | None:
    value = canonical({key: request.get(key)}).get(key)
    if value is None:
        return None
    if not str(value).isdecimal():
        raise InvalidInput(f"/{key} is {value!r}: expected a number of {_EXPECTED[key]}")
    return int(value)


_EXPECTED = {"cpu": "CPU units, or such as '2 vCPU'", "memory": "MiB, or such as '4 GB'"}


def _notes(
    request: Mapping[str, Any], container: Mapping[str, Any], cpu: int | None, memory: int | None
) -> tuple[str, ...]:
    notes = []
    if len(request["containerDefinitions"]) > 1 and (cpu or memory):
        notes.append("the task's cpu and memory bound each of its containers, not all of them together")
    if (container.get("linuxParameters") or {}).get("swappiness") is not None:
        notes.append("swappiness is left out: kernels with cgroup v2, as on Amazon Linux 2023, have none")
    return tuple(notes)
