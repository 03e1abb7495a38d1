"""Whether any instance of the types has as much cpu and memory for tasks as the task asks for.

An instance registers what its kernel calls MemTotal, which lacks at least the kernel's own table of pages: 64
bytes for each 4 KiB. An 8 GiB host registers some 7,985 MiB.
"""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs import allocatable
from neuronserve.deploy.ecs.validation import amounts
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.instances import InstanceType

_KERNEL_MIB = 64


def check(subject: Subject) -> Iterator[Finding]:
    if not (subject.neuron and subject.hosts.types) or subject.fargate:
        return
    yield from _memory(subject)
    yield from _cpu(subject)
    yield from _limits(subject)


def at_most_mib(instance: InstanceType) -> int:
    """MiB that no instance of the type exceeds when it registers."""
    return instance.memory_mib - instance.memory_mib // 64 - _KERNEL_MIB


def possible(subject: Subject) -> list[InstanceType]:
    """The types that ECS may choose: cpu and memory fit. All, where none fits: that is told once."""
    cpu, memory = amounts.asked_cpu(subject.root), amounts.asked_memory(subject.root)
    fitting = [t for t in subject.hosts.types if cpu <= allocatable.cpu(t) and memory <= at_most_mib(t)]
    return fitting or list(subject.hosts.types)


def _memory(subject: Subject) -> Iterator[Finding]:
    asked, largest = amounts.asked_memory(subject.root), _largest(subject)
    sure, most = allocatable.memory_mib(largest), at_most_mib(largest)
    place = _place(subject, "memory")
    if asked > most:
        yield place.error(
            "memory-not-placeable",
            f"{asked} MiB: {largest.name} has {largest.memory_mib}, and registers less than {most} "
            "of them, so that the task is never placed",
            f"ask for {sure} or less",
        )
    elif asked > sure:
        yield place.warning(
            "memory-tight",
            f"{asked} MiB: of its {largest.memory_mib}, {largest.name} surely has {sure} for tasks",
            f"ask for {sure}, or look at what your instances register",
        )


def _cpu(subject: Subject) -> Iterator[Finding]:
    asked = amounts.asked_cpu(subject.root)
    largest = max(subject.hosts.types, key=lambda t: t.vcpus)
    if asked > allocatable.cpu(largest):
        yield _place(subject, "cpu").error(
            "cpu-not-placeable",
            f"{asked} units: {largest.name} has {largest.vcpus} vCPU, {allocatable.cpu(largest)} units",
            f"ask for {allocatable.cpu(largest)} or less",
        )


def _limits(subject: Subject) -> Iterator[Finding]:
    """A limit above what the instance has does not limit: the host runs out of memory first."""
    largest = _largest(subject)
    for container in subject.containers:
        limit = container.at("memory")
        if (
            container.at("memoryReservation").number
            and limit.number is not None
            and limit.number > at_most_mib(largest)
        ):
            yield limit.warning(
                "memory-limit-too-high",
                f"a limit of {limit.number} MiB: {largest.name} registers less than {at_most_mib(largest)}",
                f"lower it to {allocatable.memory_mib(largest)} or less",
            )


def _largest(subject: Subject) -> InstanceType:
    return max(subject.hosts.types, key=lambda t: t.memory_mib)


def _place(subject: Subject, name: str) -> Node:
    """Where the number is: at the task, or at the container that asks for most."""
    task = subject.root.at(name)
    if task.given or not subject.containers:
        return task
    numbers = [
        place
        for container in subject.containers
        for place in (_reservation(container) if name == "memory" else container.at(name),)
        if place.number
    ]
    return max(numbers, key=lambda place: place.number or 0, default=task)


def _reservation(container: Node) -> Node:
    reservation = container.at("memoryReservation")
    return reservation if reservation.number else container.at("memory")
