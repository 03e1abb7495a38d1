"""Chips between the containers of one task, and between two tasks of one definition."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs import allocatable
from neuronserve.deploy.ecs.validation import amounts, chips, cores
from neuronserve.deploy.ecs.validation.cores import Clash, Kind
from neuronserve.deploy.ecs.validation.documented import ports
from neuronserve.deploy.ecs.validation.neuron import capacity
from neuronserve.deploy.ecs.validation.subject import Subject, takes_chips
from neuronserve.deploy.findings import Finding

_DIVIDE = "give each container chips of its own, or divide the cores with NEURON_RT_VISIBLE_CORES"


def check(subject: Subject) -> Iterator[Finding]:
    yield from _between_containers(subject)
    yield from _privileged(subject)
    if any(chips.given(container) for container in subject.containers):
        yield from _between_tasks(subject)


def _between_containers(subject: Subject) -> Iterator[Finding]:
    for clash in cores.together(subject.containers, capacity.possible(subject)):
        if clash.sure or subject.hosts.narrowed or clash.kind in (Kind.SAME, Kind.UNKNOWN):
            yield from spoken(clash)


def spoken(clash: Clash) -> Iterator[Finding]:
    """A clash of containers in words, where the later of them says what it takes."""
    claim = clash.claim
    tell = claim.place.error if clash.sure else claim.place.warning
    devices = ", ".join(f"/dev/neuron{chip}" for chip in clash.chips)
    names = ", ".join(other.name for other in clash.others)
    match clash.kind:
        case Kind.ALL:
            for chip in clash.chips:
                device = claim.chips[chip]
                yield (device.error if clash.sure else device.warning)(
                    "chips-overlap",
                    f"/dev/neuron{chip} is given to the container {names} too, and {_greedy(clash)} takes "
                    "all cores of its chips: a core belongs to one process",
                    _DIVIDE,
                )
        case Kind.SAME:
            yield tell(
                "cores-overlap",
                f"{devices} is given to the container {names} too, and both take core "
                f"{chips.spoken(list(clash.cores))} of the instance: a core belongs to one process",
                "divide the cores: each container names others, as 0-1 and 2-3 do",
            )
        case Kind.MANY:
            yield tell(
                "cores-overcommitted",
                f"the containers {names} and {claim.name} take {clash.asked} cores together; "
                f"their chips ({devices}) have {clash.there}",
                "let them take fewer, or give them more chips",
            )
        case Kind.ORDER:
            yield claim.place.warning(
                "cores-by-order",
                f"NEURON_RT_NUM_CORES takes the first cores that are free; where {claim.name} starts first "
                f"it takes core {chips.spoken(list(clash.cores))}, which {names} names",
                "name the cores in each container with NEURON_RT_VISIBLE_CORES",
            )
        case Kind.UNKNOWN:
            yield claim.container.warning(
                "cores-unknown",
                f"{devices} is given to the container {names} too, and a secret or an environment file may "
                "say which cores one of them takes: it cannot be told whether they overlap",
                "write NEURON_RT_VISIBLE_CORES into environment: it is no secret",
            )


def _greedy(clash: Clash) -> str:
    greedy = [one.name for one in (*clash.others, clash.claim) if one.everything]
    return " and ".join(greedy)


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
