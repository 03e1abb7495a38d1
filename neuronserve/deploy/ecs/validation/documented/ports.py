"""Port mappings by network mode, and the ports of the instance that nobody can have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuronserve.deploy.ecs.rendering.spec import MAX_PORT, RESERVED_PORTS
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_RANGE = re.compile(r"(\d{1,5})-(\d{1,5})", re.ASCII)
_MOST = 100  # reserved host ports of a container instance


def check(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        for mapping in container.each("portMappings"):
            yield from _by_network(subject, mapping)
            yield from _which(mapping)
            yield from _reserved(subject, mapping)
        yield from _container_ports(container)
    yield from _host_ports(subject)


def static(subject: Subject) -> list[tuple[int, str, Node]]:
    """Ports of the instance that the task takes: number, protocol, place."""
    if subject.network not in ("bridge", "host"):
        return []
    found = []
    for mapping in subject.root.find("containerDefinitions.*.portMappings.*"):
        host, inner = mapping.at("hostPort"), mapping.at("containerPort")
        place = host if host.number or subject.network == "bridge" else inner
        if place.number:
            found.append((place.number, mapping.at("protocol").text or "tcp", place))
    return found


def _by_network(subject: Subject, mapping: Node) -> Iterator[Finding]:
    host, inner = mapping.at("hostPort"), mapping.at("containerPort")
    if subject.network == "none" and not mapping.unknown:
        yield mapping.error("port-without-network", "network mode none has no ports", "remove portMappings")
    elif (
        subject.network in ("awsvpc", "host")
        and host.number
        and inner.number is not None
        and host.number != inner.number
    ):
        yield host.error(
            "host-port-differs",
            f"hostPort {host.number} and containerPort {inner.number}: network mode {subject.network} "
            "maps no ports",
            "leave hostPort out",
        )


def _which(mapping: Node) -> Iterator[Finding]:
    port, ports = mapping.at("containerPort"), mapping.at("containerPortRange")
    if not isinstance(mapping.value, dict):
        return
    if not port.given and not ports.given:
        yield mapping.error(
            "missing-member", "a port mapping needs containerPort or containerPortRange", "add one"
        )
    if port.given and ports.given:
        yield ports.error("port-twice", "containerPort and containerPortRange in one mapping", "keep one")
    if ports.text is not None and not _ascends(ports.text):
        yield ports.error(
            "port-range-form", "expected two ports that ascend, such as 8000-8009", "correct it"
        )


def _ascends(text: str) -> bool:
    match = _RANGE.fullmatch(text)
    return match is not None and 1 <= int(match[1]) < int(match[2]) <= 65_535


def _reserved(subject: Subject, mapping: Node) -> Iterator[Finding]:
    if subject.network not in ("bridge", "host"):
        return
    host, inner = mapping.at("hostPort"), mapping.at("containerPort")
    place = host if host.number or subject.network == "bridge" else inner
    if place.number in RESERVED_PORTS:
        yield place.error(
            "reserved-port",
            f"port {place.number} of the instance belongs to ssh, Docker or the ECS agent",
            "choose another",
        )
    elif subject.network == "bridge" and place.number is not None and MAX_PORT < place.number <= 65_535:
        yield place.warning(
            "dynamic-port",
            f"port {place.number} lies where instances choose dynamic ports from",
            f"use one up to {MAX_PORT}, or 0 for a dynamic one",
        )


def _container_ports(container: Node) -> Iterator[Finding]:
    seen: set[tuple[int, str, int | None]] = set()
    for mapping in container.each("portMappings"):
        port = mapping.at("containerPort")
        if port.number is None:
            continue
        key = port.number, mapping.at("protocol").text or "tcp", mapping.at("hostPort").number
        if key in seen:
            yield port.error("duplicate-port", f"port {port.number} is mapped already", "remove one")
        seen.add(key)


def _host_ports(subject: Subject) -> Iterator[Finding]:
    taken: dict[tuple[int, str], Node] = {}
    for number, protocol, place in static(subject):
        if (number, protocol) in taken and taken[number, protocol].pointer.split("/")[
            :-1
        ] != place.pointer.split("/")[:-1]:
            yield place.error(
                "duplicate-host-port",
                f"port {number}/{protocol} of the instance is taken already: "
                f"{taken[number, protocol].pointer}",
                "give each mapping a port of its own",
            )
        taken.setdefault((number, protocol), place)
    if len(taken) > _MOST:
        yield subject.root.at("containerDefinitions").error(
            "out-of-range", f"{len(taken)} host ports: an instance reserves at most {_MOST}", "use fewer"
        )
