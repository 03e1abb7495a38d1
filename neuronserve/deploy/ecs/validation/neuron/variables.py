"""Variables of the Neuron runtime."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation import chips
from neuronserve.deploy.ecs.validation.neuron import capacity
from neuronserve.deploy.ecs.validation.subject import Subject, variables
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.environment import Fault, core_range, integer
from neuronserve.instances import InstanceType

VISIBLE, COUNT = "NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES"


def check(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        for entry in container.each("environment"):
            yield from _forbidden(entry)
        values = variables(container)
        if VISIBLE in values:
            yield from _visible(subject, container, values[VISIBLE])
        if COUNT in values:
            yield from _count(subject, container, values[COUNT])
            if VISIBLE in values:
                yield values[COUNT].warning(
                    "variable-without-effect", f"{VISIBLE} wins over {COUNT}", "remove one of them"
                )


def _forbidden(entry: Node) -> Iterator[Finding]:
    name = entry.at("name")
    if name.text == "AWS_NEURON_VISIBLE_DEVICES":
        yield name.error(
            "forbidden-variable",
            "AWS_NEURON_VISIBLE_DEVICES gives no chips on ECS: its mere presence makes the instance start "
            "the container with another runtime",
            "remove it; give chips with linuxParameters.devices",
        )
    elif name.text == "NEURONCORE_GROUP_SIZES":
        yield name.warning(
            "variable-without-effect",
            "NEURONCORE_GROUP_SIZES has had no effect since Neuron 1.20",
            f"remove it; {VISIBLE} says which cores a process may use",
        )


def _visible(subject: Subject, container: Node, value: Node) -> Iterator[Finding]:
    if not value.text:
        return
    try:
        _, last = core_range(value.text.strip())
    except Fault as expected:
        yield value.error("bad-cores", f"{VISIBLE}: expected {expected}", "correct it")
        return
    has, host = _cores(subject, container), _cores_of_host(subject, container)
    if has is not None and host is not None and last >= has:
        tell = value.error if last >= host else value.warning
        yield tell(
            "cores-beyond-chips",
            f"{VISIBLE} ends at core {last}; the container's chips have {has}, counted from 0"
            + ("" if last >= host else " by newer drivers"),
            f"keep it within 0-{has - 1}",
        )


def _count(subject: Subject, container: Node, value: Node) -> Iterator[Finding]:
    if not value.text:
        return
    try:
        count = integer(0, 4096)(value.text.strip())
    except Fault as expected:
        yield value.error("bad-cores", f"{COUNT}: expected {expected}", "correct it")
        return
    has = _cores(subject, container)
    if has is not None and count > has:
        yield value.error(
            "cores-beyond-chips",
            f"{COUNT} asks for {count} cores; the container's chips have {has}",
            f"ask for {has} or fewer",
        )


def _types(subject: Subject) -> list[InstanceType]:
    """The types, where they are few enough to say something about their cores."""
    return capacity.possible(subject) if subject.hosts.narrowed else []


def _cores(subject: Subject, container: Node) -> int | None:
    """The most cores that the container's chips can have; None where it gets all, or the type is open."""
    types, given = _types(subject), chips.given(container)
    return max(t.cores for t in types) * len(given) if types and given else None


def _cores_of_host(subject: Subject, container: Node) -> int | None:
    """Up to which core its last chip goes, as older drivers count: over the whole instance."""
    types, given = _types(subject), chips.given(container)
    return max(t.cores for t in types) * (max(given) + 1) if types and given else None
