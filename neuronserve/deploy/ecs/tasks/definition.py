"""What a run needs to know of a task definition: containers, ports, chips. Any JSON value may come in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from neuronserve.errors import InvalidInput

_CHIP = re.compile(r"/dev/neuron([0-9]{1,4})")


def containers(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The container definitions, in order. Raises InvalidInput when they are no list of objects."""
    found = definition.get("containerDefinitions")
    if not isinstance(found, list) or not found or not all(isinstance(item, dict) for item in found):
        family = definition.get("family")
        raise InvalidInput(
            f"{family}#/containerDefinitions: a list of objects is expected",
            hint="scripts/task-definition validate tells all",
        )
    return found


def essential(definition: Mapping[str, Any]) -> list[str]:
    """Names of the essential containers; the first is the main one."""
    return [str(item.get("name")) for item in containers(definition) if item.get("essential", True)]


def checks_health(definition: Mapping[str, Any]) -> bool:
    """Whether ECS looks at its health: an image's own HEALTHCHECK does not count."""
    return any(item.get("healthCheck") for item in containers(definition) if item.get("essential", True))


def chips(definition: Mapping[str, Any]) -> frozenset[int]:
    """Indices of the instance's chips that a task owns: ``/dev/neuronN`` in ``devices[].hostPath``."""
    found = set()
    for container in containers(definition):
        linux = container.get("linuxParameters")
        devices = linux.get("devices") if isinstance(linux, dict) else None
        for device in devices if isinstance(devices, list) else []:
            match = _CHIP.fullmatch(str(device.get("hostPath") if isinstance(device, dict) else ""))
            if match:
                found.add(int(match[1]))
    return frozenset(found)


def managed(definition: Mapping[str, Any]) -> bool:
    """Whether it asks for all chips the way of ECS Managed Instances (``NeuronDevice``)."""
    return any(
        isinstance(need, dict) and need.get("type") == "NeuronDevice"
        for container in containers(definition)
        for need in container.get("resourceRequirements") or []
    )


def static_ports(definition: Mapping[str, Any]) -> frozenset[int]:
    """Ports of the instance that it fixes: only one task of an instance can have each."""
    host = definition.get("networkMode") == "host"
    found = set()
    for mapping in port_mappings(definition):
        port = mapping.get("hostPort") or (mapping.get("containerPort") if host else None)
        if isinstance(port, int):
            found.add(port)
    return frozenset(found) if definition.get("networkMode") != "awsvpc" else frozenset()


def port_mappings(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = [container.get("portMappings") for container in containers(definition)]
    return [
        item
        for mappings in listed
        if isinstance(mappings, list)
        for item in mappings
        if isinstance(item, dict)
    ]
