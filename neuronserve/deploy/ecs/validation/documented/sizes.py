"""cpu and memory among themselves: task and containers, limit and reservation."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation import amounts
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_MIN_CPU, _MAX_CPU = 128, 196_608


def check(subject: Subject) -> Iterator[Finding]:
    yield from _forms(subject.root)
    for container in subject.containers:
        yield from _limit_and_reservation(container)
    yield from _sums(subject)
    if not subject.fargate:
        yield from _some_memory(subject)


def _forms(root: Node) -> Iterator[Finding]:
    cpu, memory = root.at("cpu"), root.at("memory")
    units, mib = amounts.task_cpu(root), amounts.task_memory(root)
    if cpu.text is not None and units is None:
        yield cpu.error(
            "amount-form", 'expected units or vCPU, such as "1024" or "1 vCPU"', "write one of them"
        )
    if memory.text is not None and mib is None:
        yield memory.error("amount-form", 'expected MiB or GB, such as "2048" or "2 GB"', "write one of them")
    if units is not None and not _MIN_CPU <= units <= _MAX_CPU:
        yield cpu.error(
            "out-of-range", f"{units}: expected {_MIN_CPU} to {_MAX_CPU} units", "keep it within that"
        )
    if mib == 0:
        yield memory.error("out-of-range", "0 MiB for the task", "write what it needs")


def _limit_and_reservation(container: Node) -> Iterator[Finding]:
    limit, reservation = container.at("memory"), container.at("memoryReservation")
    if limit.number is not None and reservation.number is not None and limit.number < reservation.number:
        yield reservation.error(
            "reservation-above-limit",
            f"memoryReservation, {reservation.number}, above memory, {limit.number}",
            "memory is the limit: make it the larger one",
        )


def _sums(subject: Subject) -> Iterator[Finding]:
    memory, cpu = amounts.task_memory(subject.root), amounts.task_cpu(subject.root)
    reserved = sum(amounts.reserved_memory(container) for container in subject.containers)
    if memory and reserved > memory:
        yield subject.root.at("memory").error(
            "containers-above-task",
            f"the containers ask for {reserved} MiB, the task for {memory}",
            "raise the task's memory, or lower the containers'",
        )
    for container in subject.containers:
        limit = container.at("memory")
        if memory and limit.number and limit.number > memory >= reserved:
            yield limit.error(
                "containers-above-task",
                f"the limit of {limit.number} MiB is above the task's {memory}",
                "lower it, or raise the task's memory",
            )
    units = sum(container.at("cpu").number or 0 for container in subject.containers)
    if cpu and units > cpu:
        yield subject.root.at("cpu").error(
            "containers-above-task",
            f"the containers ask for {units} cpu units, the task for {cpu}",
            "raise the task's cpu, or lower the containers'",
        )


def _some_memory(subject: Subject) -> Iterator[Finding]:
    if subject.root.at("memory").given:
        return
    for container in subject.containers:
        places = container.at("memory"), container.at("memoryReservation")
        if isinstance(container.value, dict) and not any(place.given for place in places):
            yield container.error(
                "no-memory",
                "no memory: neither the task's nor the container's",
                "add memory or memoryReservation, in MiB",
            )
