"""What one container of a task has to do with another: dependsOn, links, volumesFrom, essential."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node


def check(subject: Subject) -> Iterator[Finding]:
    by_name = {name: c for c in subject.containers if (name := c.at("name").text) is not None}
    if subject.root.may_have("containerDefinitions.*.name"):  # it may be any of the names below
        by_name = {}
    for container in subject.containers:
        for dependency in container.each("dependsOn"):
            yield from _dependency(container, dependency, by_name)
        for link in container.each("links"):
            yield from _link(subject, link, by_name)
        for source in container.find("volumesFrom"):
            for member in source.each():
                yield from _exists(member.at("sourceContainer"), by_name)
    yield from _cycles(by_name)
    yield from _essential(subject)


def _exists(place: Node, by_name: dict[str, Node]) -> Iterator[Finding]:
    if by_name and place.text is not None and place.text not in by_name:
        known = ", ".join(by_name) or "none"
        yield place.error(
            "unknown-container", f"there is no container {place.text[:60]!r} in this task", f"known: {known}"
        )


def _dependency(container: Node, dependency: Node, by_name: dict[str, Node]) -> Iterator[Finding]:
    place, condition = dependency.at("containerName"), dependency.at("condition")
    yield from _exists(place, by_name)
    other = by_name.get(place.text or "")
    if other is None:
        return
    if other is container:
        yield place.error("depends-on-itself", "a container cannot wait for itself", "remove it")
    elif condition.text in ("COMPLETE", "SUCCESS") and _is_essential(other):
        yield condition.error(
            "waits-for-essential",
            f"{place.text} is essential: when it ends the task ends",
            "make that container essential: false, or wait for START or HEALTHY",
        )
    elif condition.text == "HEALTHY" and not other.at("healthCheck").given:
        yield condition.error(
            "waits-for-health", f"{place.text} has no health check", "give it one, or wait for START"
        )


def _is_essential(container: Node) -> bool:
    essential = container.at("essential")
    return essential.flag is not False and not essential.unknown


def _link(subject: Subject, link: Node, by_name: dict[str, Node]) -> Iterator[Finding]:
    if link.text is None:
        return
    if subject.network not in (None, "bridge"):
        yield link.error("link-without-bridge", "links are for network mode bridge only", "remove it")
    else:
        yield from _exists(Node(link.text.partition(":")[0], link.pointer), by_name)


def _cycles(by_name: dict[str, Node]) -> Iterator[Finding]:
    """One finding for each circle, at the container of it that comes first."""
    waits = {
        name: [d.at("containerName").text for d in container.each("dependsOn")]
        for name, container in by_name.items()
    }
    told: set[str] = set()
    for name, container in by_name.items():
        circle = _circle(name, waits)
        if len(circle) > 1 and not told & set(circle):
            told |= set(circle)
            way = " -> ".join([*circle, name])
            yield container.at("dependsOn").error(
                "dependency-cycle", f"they wait for each other: {way}", "break the circle"
            )


def _circle(start: str, waits: dict[str, list[str | None]]) -> list[str]:
    """The way from a container back to itself; empty where there is none."""
    ways: list[list[str]] = [[start]]
    seen = {start}
    while ways:
        way = ways.pop()
        for following in waits.get(way[-1], []):
            if following == start:
                return way
            if following is not None and following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def _essential(subject: Subject) -> Iterator[Finding]:
    if subject.containers and all(c.at("essential").flag is False for c in subject.containers):
        yield subject.root.at("containerDefinitions").error(
            "no-essential-container",
            "no container is essential: the task could not end with one",
            "make one essential",
        )
