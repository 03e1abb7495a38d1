"""Chips between the containers of one task, and between two tasks of one definition."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs import allocatable
from neuronserve.deploy.ecs.validation import amounts, chips
from neuronserve.deploy.ecs.validation.documented import ports
from neuronserve.deploy.ecs.validation.subject import Subject, takes_chips, variables
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_CORES = ("NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES")


def check(subject: Subject) -> Iterator[Finding]:
    yield from _between_containers(subject)
    yield from _privileged(subject)
    if any(chips.given(container) for container in subject.containers):
        yield from _between_tasks(subject)


def _between_containers(subject: Subject) -> Iterator[Finding]:
    owners: dict[int, Node] = {}
    for container in subject.containers:
        own = chips.given(container)
        for number in sorted(own.keys() & owners.keys()):
            other, name = owners[number], owners[number].at("name").text or owners[number].pointer
            tell = own[number].warning if _divides(other) and _divides(container) else own[number].error
            yield tell(
                "chips-overlap",
                f"/dev/neuron{number} is given to the container {name} too: a core belongs to one process",
                "give each container chips of its own, or divide the cores with NEURON_RT_VISIBLE_CORES",
            )
        for number in own:
            owners.setdefault(number, container)


def _divides(container: Node) -> bool:
    return any(name in variables(container) for name in _CORES)


def _privileged(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        if container.at("privileged").flag and takes_chips(container):
            yield container.at("privileged").warning(
                "privileged",
                "a privileged container sees all chips of the instance, not only its own",
                "remove it: chips need no privilege",
            )


def _between_tasks(subject: Subject) -> Iterator[Finding]:
    """A static host port is given to one task only; else ECS may put two tasks on the same chips."""
    unclear = subject.network is None or subject.root.may_have(
        "containerDefinitions.*.portMappings.*.hostPort"
    )
    if subject.fargate or unclear or ports.static(subject):
        return
    cpu, memory = amounts.asked_cpu(subject.root), amounts.asked_memory(subject.root)
    for instance in subject.hosts.types:
        if 2 * cpu <= allocatable.cpu(instance) and 2 * memory <= instance.memory_mib:
            yield subject.root.warning(
                "nothing-keeps-tasks-apart",
                f"ECS may place two such tasks on one {instance.name}, and both would have the same chips",
                "give it a static host port, cpu or memory that leaves no room for a second, or run it with "
                "distinctInstance or as DAEMON",
            )
            return
