"""How a task definition gets its chips, which decides how a service of it may be rolled out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from neuronserve.deploy.ecs.tasks import definition


class Chips(StrEnum):
    NONE = "none"
    DEVICES = "devices"  # device nodes of the instance; ECS does not count them
    MANAGED = "managed"  # NeuronDevice: ECS Managed Instances count them


def of(request: Mapping[str, Any]) -> Chips:
    """What a RegisterTaskDefinition request asks for, in any of its containers. Raises InvalidInput."""
    if definition.managed(request):
        return Chips.MANAGED
    return Chips.DEVICES if definition.chips(request) else Chips.NONE
