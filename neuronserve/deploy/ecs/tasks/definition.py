"""What a run needs to know of a task definition: containers, ports, chips. Any JSON value may come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuronserve.deploy.ecs.validation.chips import index
from neuronserve.errors import InvalidInput


def containers(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The container definitions, in order. Raises InvalidInput when they are no list of objects."""
    found = definition.get("containerDefinitions")
    if not isinstance(found, list) or not found or not all(isinstance(item, dict) for item in found):
        family = definition.get("family") or "task definition"
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
    linux = [container.get("linuxParameters") for container in containers(definition)]
    devices = [device for item in linux if isinstance(item, dict) for device in objects(item.get("devices"))]
    found = (index(str(device.get("hostPath"))) for device in devices)
    return frozenset(chip for chip in found if chip is not None)


def managed(definition: Mapping[str, Any]) -> bool:
    """Whether it asks for all chips the way of ECS Managed Instances (``NeuronDevice``)."""
    return any(
        need.get("type") == "NeuronDevice"
        for container in containers(definition)
        for need in objects(container.get("resourceRequirements"))
    )


def static_ports(definition: Mapping[str, Any]) -> frozenset[int]:
    """Ports of the instance that it fixes: only one task of an instance can have each."""
    mode = definition.get("networkMode")
    ports = [
        mapping.get("hostPort") or (mapping.get("containerPort") if mode == "host" else None)
        for mapping in port_mappings(definition)
    ]
    return frozenset(port for port in ports if isinstance(port, int) and port and mode != "awsvpc")


def port_mappings(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [item for found in containers(definition) for item in objects(found.get("portMappings"))]


def constraints(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its ``placementConstraints``."""
    return objects(definition.get("placementConstraints"))


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
