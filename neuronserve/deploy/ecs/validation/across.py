"""Several definitions given together, such as the slots of an instance: do they fit beside each other?

Only those are compared that say which types they run on and have a type in common: nothing else is known to
share an instance. Pointers begin with the definition's place in the list.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from neuronserve.deploy.ecs import allocatable
from neuronserve.deploy.ecs.validation import amounts, chips, cores, templates
from neuronserve.deploy.ecs.validation.cores import Kind
from neuronserve.deploy.ecs.validation.documented import ports
from neuronserve.deploy.ecs.validation.neuron import capacity
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding, pointer
from neuronserve.deploy.node import Node
from neuronserve.instances import InstanceType, catalogue

_ERRORS = frozenset({Kind.ALL, Kind.SAME, Kind.MANY})


def findings(requests: Sequence[Any], instance_type: InstanceType | None = None) -> list[Finding]:
    """What is wrong between them; each alone is ``validation.findings``'s subject."""
    known = [templates.filled_in(request)[0] for request in requests]
    subjects = [_placed(index, request, instance_type) for index, request in enumerate(known)]
    found = [*_families(subjects)]
    sharing = [s for s in subjects if _chips(s) and s.hosts.narrowed and not s.fargate]
    for one, other in itertools.combinations(sharing, 2):
        if _common(one, other):
            found += _overlap(one, other)
    for instance, those in _roomiest(sharing):
        found += _sums(instance, those)
    return list(dict.fromkeys(found))


def _placed(index: int, request: Any, instance_type: InstanceType | None) -> Subject:
    root = Node(request, pointer(index))
    alone = Subject.of(request, instance_type)
    return Subject(root, tuple(root.each("containerDefinitions")), alone.hosts)


def _families(subjects: Sequence[Subject]) -> Iterator[Finding]:
    seen: set[str] = set()
    for subject in subjects:
        family = subject.root.at("family")
        if family.text is not None and family.text in seen:
            yield family.warning(
                "same-family",
                f"another definition has the family {family.text[:60]!r} too: this becomes its next revision",
                "give each definition a family of its own",
            )
        seen.add(family.text or "")


def _chips(subject: Subject) -> dict[int, Node]:
    found: dict[int, Node] = {}
    for container in subject.containers:
        found = {**chips.given(container), **found}
    return found


def _common(one: Subject, other: Subject) -> list[InstanceType]:
    return [t for t in capacity.possible(one) if t in capacity.possible(other)]


def _overlap(one: Subject, other: Subject) -> Iterator[Finding]:
    """Two that want the same host port are never together; that is how one definition replaces another."""
    both = sorted(_chips(one).keys() & _chips(other).keys())
    taken = {(number, protocol) for number, protocol, _ in ports.static(one)}
    same = [place for number, protocol, place in ports.static(other) if (number, protocol) in taken]
    if both and not same and _together(one, other):
        yield from _clash(one, other)
    elif same and not both:
        yield same[0].warning(
            "host-port-across",
            f"the host port of {_name(one)}: with chips of their own they could share an instance, and "
            "never do",
            "give each definition a host port of its own",
        )


def _clash(one: Subject, other: Subject) -> Iterator[Finding]:
    """Both may be on one instance: the first reason why they cannot share its chips, if there is any."""
    containers = (*one.containers, *other.containers)
    for clash in cores.together(containers, _common(one, other)):
        pointers = {claim.container.pointer for claim in (clash.claim, *clash.others)}
        sides = [any(c.pointer in pointers for c in side.containers) for side in (one, other)]
        if not all(sides):  # of one definition alone: sharing.py tells
            continue
        device = clash.claim.chips[clash.chips[0]]
        tell = device.error if clash.sure and clash.kind in _ERRORS else device.warning
        yield tell(
            "chips-overlap-across" if clash.kind is Kind.ALL else "cores-overlap-across",
            f"{chips.spoken(list(clash.chips))} belongs to {_name(one)} too, and both may run on one "
            f"{_common(one, other)[0].name}: {clash.kind}",
            "give each definition chips or cores of its own, or both the same static host port",
        )
        return


def _together(one: Subject, other: Subject) -> bool:
    """There is room for both on an instance of some type."""
    cpu = amounts.asked_cpu(one.root) + amounts.asked_cpu(other.root)
    memory = amounts.asked_memory(one.root) + amounts.asked_memory(other.root)
    return any(cpu <= allocatable.cpu(t) and memory <= capacity.at_most_mib(t) for t in _common(one, other))


def _roomiest(sharing: Sequence[Subject]) -> Iterator[tuple[InstanceType, list[Subject]]]:
    """Those that may be on one instance, and the largest type on which just they may be."""
    groups: dict[tuple[str, ...], tuple[InstanceType, list[Subject]]] = {}
    for instance in sorted(catalogue().values(), key=lambda one: one.memory_mib):
        those = [subject for subject in sharing if instance in subject.hosts.types]
        groups[tuple(subject.root.pointer for subject in those)] = instance, those
    yield from groups.values()


def _sums(instance: InstanceType, subjects: Sequence[Subject]) -> Iterator[Finding]:
    """cpu and memory of slots: definitions whose chips do not overlap."""
    slots: list[Subject] = []
    for subject in subjects:
        if not any(_chips(subject).keys() & _chips(slot).keys() for slot in slots):
            slots.append(subject)
    if len(slots) < 2:
        return
    last = slots[-1].root
    memory = sum(amounts.asked_memory(s.root) for s in slots)
    cpu = sum(amounts.asked_cpu(s.root) for s in slots)
    if memory > capacity.at_most_mib(instance):
        yield last.error(
            "memory-not-placeable-across",
            f"the {len(slots)} definitions ask for {memory} MiB together; {instance.name} registers "
            f"less than {capacity.at_most_mib(instance)}",
            f"ask for {allocatable.memory_mib(instance)} or less together",
        )
    elif memory > allocatable.memory_mib(instance):
        yield last.warning(
            "memory-tight-across",
            f"the {len(slots)} definitions ask for {memory} MiB together; {instance.name} surely has "
            f"{allocatable.memory_mib(instance)} for tasks",
            "ask for less, or look at what your instances register",
        )
    if cpu > allocatable.cpu(instance):
        yield last.error(
            "cpu-not-placeable-across",
            f"the {len(slots)} definitions ask for {cpu} cpu units together; {instance.name} has "
            f"{allocatable.cpu(instance)}",
            "ask for less",
        )


def _name(subject: Subject) -> str:
    return subject.root.at("family").text or subject.root.pointer
