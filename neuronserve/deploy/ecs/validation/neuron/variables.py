"""Variables of the Neuron runtime."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation import chips, cores
from neuronserve.deploy.ecs.validation.cores import COUNT, VISIBLE
from neuronserve.deploy.ecs.validation.neuron import capacity
from neuronserve.deploy.ecs.validation.subject import Subject, variables
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.environment import Fault, core_range, integer
from neuronserve.instances import InstanceType

_RUNTIME = {name.upper(): name for name in (VISIBLE, COUNT, "NEURON_RT_LOG_LEVEL", "NEURON_RT_LOG_LOCATION")}


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
    elif name.text not in _RUNTIME and (meant := _RUNTIME.get((name.text or "").upper())):
        yield name.warning(
            "variable-without-effect",
            f"{name.text} is not read: names of variables have upper and lower case",
            f"write {meant}",
        )


def _visible(subject: Subject, container: Node, value: Node) -> Iterator[Finding]:
    if not value.text:
        return
    try:
        named = core_range(value.text.strip())
    except Fault as expected:
        yield value.error("bad-cores", f"{VISIBLE}: expected {expected}", "correct it")
        return
    types, given = _types(subject), chips.given(container)
    if not (types and given) or any(cores.from_first_chip(container, t, named) for t in types):
        return
    on_host = any(cores.over_the_host(container, t, named) for t in types)
    if on_host and not cores.renumbered(container):
        return  # as Neuron's own scheduler counts; that its paths do so is told with the devices
    has = max(cores.per_chip(t, container) for t in types) * len(given)
    tell = value.warning if on_host else value.error
    yield tell(
        "cores-beyond-chips",
        f"{VISIBLE} names cores {named[0]} to {named[1]}; the container's chips have {has}, counted from 0"
        + (" by newer drivers" if on_host else ""),
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
    return max(cores.per_chip(t, container) for t in types) * len(given) if types and given else None
