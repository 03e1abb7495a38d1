"""Names: families, containers, volumes, ports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_PORT_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,63}")


def check(subject: Subject) -> Iterator[Finding]:
    yield from _named(subject.root.at("family"), "a family")
    for container in subject.containers:
        yield from _needed(container, "name", "a container")
        yield from _needed(container, "image", "a container")
        yield from _named(container.at("name"), "a container")
    for volume in subject.root.each("volumes"):
        yield from _needed(volume, "name", "a volume")
        yield from _named(volume.at("name"), "a volume")
    for name in subject.root.find("containerDefinitions.*.portMappings.*.name"):
        if name.text is not None and not _PORT_NAME.fullmatch(name.text):
            yield name.error(
                "bad-name",
                "the name of a port has 1 to 64 lower-case letters, digits, '_' and '-', and no '-' first",
                "rename it",
            )
    yield from repeated(subject.root.find("containerDefinitions.*.name"), "container")
    yield from repeated(subject.root.find("volumes.*.name"), "volume")
    yield from repeated(subject.root.find("containerDefinitions.*.portMappings.*.name"), "port")


def _needed(owner: Node, member: str, what: str) -> Iterator[Finding]:
    """botocore's model does not require it, and ECS does."""
    place = owner.at(member)
    if isinstance(owner.value, dict) and (not place.given or place.text == ""):
        yield owner.error("missing-member", f"{what} needs {member}", f"add {member}")


def _named(place: Node, what: str) -> Iterator[Finding]:
    if place.text and not _NAME.fullmatch(place.text):
        yield place.error(
            "bad-name", f"the name of {what} has 1 to 255 letters, digits, '_' and '-'", "rename it"
        )


def repeated(places: Iterator[Node], what: str) -> Iterator[Finding]:
    """A finding for each place whose text an earlier one has."""
    seen: dict[str, str] = {}
    for place in places:
        if place.text is None:
            continue
        if place.text in seen:
            yield place.error(
                f"duplicate-{what}",
                f"the {what} {place.text!r} is there already: {seen[place.text]}",
                "rename or remove one",
            )
        seen.setdefault(place.text, place.pointer)
