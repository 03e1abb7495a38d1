"""Chips given by path, within one container: paths, numbers, permissions, and what the instance has."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation import chips
from neuronserve.deploy.ecs.validation.neuron import capacity
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node


def check(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        for device in chips.places(container):
            yield from _paths(device)
            yield from _permissions(device)
        yield from _once(container)
        if chips.all_known(container):
            yield from _contiguous(container)
            yield from _numbering(container)
        yield from _on_the_instance(subject, container)


def _paths(device: Node) -> Iterator[Finding]:
    for member in (device.at("hostPath"), device.at("containerPath")):
        if member.text is not None and chips.index(member.text) is None:
            yield member.error(
                "device-path",
                f"{member.text[:60]!r} is no Neuron device: those are /dev/neuron0, /dev/neuron1, ...",
                "correct the path",
            )


def _permissions(device: Node) -> Iterator[Finding]:
    permissions = device.at("permissions")
    words = permissions.texts
    if words and len(words) == permissions.size and not {"read", "write"} <= set(words):
        yield permissions.error(
            "device-permissions", "the runtime reads from a chip and writes to it", "give read and write"
        )


def _once(container: Node) -> Iterator[Finding]:
    for member in ("hostPath", "containerPath"):
        seen: set[str] = set()
        for device in chips.places(container):
            path = device.at(member)
            if path.text is not None and path.text in seen:
                yield path.error(
                    "chip-twice", f"{path.text[:60]} is there twice in one container", "remove one"
                )
            seen.add(path.text or "")


def _contiguous(container: Node) -> Iterator[Finding]:
    numbers = sorted(chips.given(container))
    if numbers and numbers[-1] - numbers[0] + 1 != len(numbers):
        yield container.at("linuxParameters", "devices").error(
            "chips-not-contiguous",
            f"chips {chips.spoken(numbers)}: the runtime takes contiguous chips only",
            f"give {numbers[0]}-{numbers[0] + len(numbers) - 1}",
        )


def _numbering(container: Node) -> Iterator[Finding]:
    """Whether inner paths count from 0 in the order of the chips; where one is absent it is the host's."""
    given = chips.given(container)
    inner = [
        chips.index(device.at("containerPath").text or device.at("hostPath").text)
        for _, device in sorted(given.items())
    ]
    if None not in inner and inner != list(range(len(inner))):
        yield container.at("linuxParameters", "devices").warning(
            "container-path-numbering",
            f"inside the container the chips are {', '.join(map(str, inner))}: newer drivers count "
            "cores from the container's first chip, older ones the host's, and only from 0 on both agree",
            f"map them to /dev/neuron0 to /dev/neuron{len(inner) - 1}, in order",
        )


def _on_the_instance(subject: Subject, container: Node) -> Iterator[Finding]:
    if not subject.hosts.narrowed:
        return
    for number, device in sorted(chips.given(container).items()):
        small = [t for t in capacity.possible(subject) if t.chips <= number]
        if small:
            names = ", ".join(f"{t.name} has {t.chips}" for t in small[:3])
            yield device.at("hostPath").error(
                "chip-beyond-instance",
                f"there is no /dev/neuron{number} there: {names}, counted from 0",
                "give only chips that every type of the constraint has, or name a larger type",
            )
