"""The network of a container, and its ports on the instance."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    BRIDGE = "bridge"
    HOST = "host"
    NONE = "none"
    JOINED = "container"  # that of another container of the task


@dataclasses.dataclass(frozen=True)
class Port:
    """A port or range ``8000-8010``. ``host`` None: a free one of the engine's choice."""

    container: str
    host: int | None = None
    protocol: str = "tcp"


@dataclasses.dataclass(frozen=True)
class Network:
    """``joined``: the container of the task whose network it shares. ``ports``: to publish."""

    kind: Kind
    ports: tuple[Port, ...] = ()
    joined: str | None = None
    notes: tuple[str, ...] = ()


def of(request: Mapping[str, Any], container: Mapping[str, Any]) -> Network:
    mode = mode_of(request)
    if mode == "none" or container.get("disableNetworking"):
        return Network(Kind.NONE)
    if mode == "host":
        return Network(Kind.HOST)
    if mode == "awsvpc":
        return _interface(request, container)
    return Network(Kind.BRIDGE, tuple(_ports(container)))


def mode_of(request: Mapping[str, Any]) -> str:
    return request.get("networkMode") or "bridge"


def static_ports(request: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The instance's ports, with their protocol, that ECS keeps for this task alone."""
    if mode_of(request) == "awsvpc":  # those are of its own interface
        return []
    same = mode_of(request) == "host"
    return [
        (host, _protocol(mapping))
        for container in request["containerDefinitions"]
        for mapping in container.get("portMappings") or ()
        if (host := mapping.get("hostPort") or (mapping.get("containerPort") if same else 0))
    ]


def _interface(request: Mapping[str, Any], container: Mapping[str, Any]) -> Network:
    """The agent gives the task an interface of its own, which its containers share."""
    containers = request["containerDefinitions"]
    told = "an elastic network interface is played by published ports of this machine"
    owner = interface_owner(containers)
    if len(containers) == 1 or owner is None:
        alone = (
            () if len(containers) == 1 else ("its containers do not share one network, as they would on ECS",)
        )
        return Network(Kind.BRIDGE, tuple(_ports(container, same=True)), notes=(told, *alone))
    if container["name"] != owner:
        return Network(Kind.JOINED, joined=owner)
    ports = tuple(port for c in containers for port in _ports(c, same=True))
    return Network(Kind.BRIDGE, ports, notes=(told,))


def interface_owner(containers: Sequence[Mapping[str, Any]]) -> str | None:
    """The container whose network the others of an awsvpc task join: one that lives as long as the task."""
    free = [c["name"] for c in containers if c.get("essential", True) and not c.get("dependsOn")]
    return free[0] if free else None


def _ports(container: Mapping[str, Any], *, same: bool = False) -> Iterator[Port]:
    for mapping in container.get("portMappings") or ():
        inside = mapping.get("containerPort")
        if inside is None:
            yield Port(mapping["containerPortRange"], None, _protocol(mapping))
        else:
            host = inside if same else mapping.get("hostPort") or None
            yield Port(str(inside), host, _protocol(mapping))


def _protocol(mapping: Mapping[str, Any]) -> str:
    return "udp" if mapping.get("protocol") == "udp" else "tcp"  # ECS takes anything else as tcp
