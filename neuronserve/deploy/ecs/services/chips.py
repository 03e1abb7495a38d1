"""How a task definition gets its chips, which decides how a service of it may be rolled out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

_DEVICE = re.compile(r"/dev/neuron\d+")


class Chips(StrEnum):
    NONE = "none"
    DEVICES = "devices"  # device nodes of the instance; ECS does not count them
    MANAGED = "managed"  # NeuronDevice: ECS Managed Instances count them


def of(definition: Mapping[str, Any]) -> Chips:
    """What a RegisterTaskDefinition request asks for, in any of its containers."""
    found = containers(definition)
    if any(_managed(container) for container in found):
        return Chips.MANAGED
    return Chips.DEVICES if any(_devices(container) for container in found) else Chips.NONE


def containers(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The container definitions; what is none is left out, so that a malformed file harms nobody."""
    return objects(definition.get("containerDefinitions"))


def _managed(container: Mapping[str, Any]) -> bool:
    return any(item.get("type") == "NeuronDevice" for item in objects(container.get("resourceRequirements")))


def _devices(container: Mapping[str, Any]) -> bool:
    parameters = container.get("linuxParameters")
    devices = objects(parameters.get("devices")) if isinstance(parameters, dict) else []
    return any(_DEVICE.fullmatch(str(device.get("hostPath"))) for device in devices)


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
