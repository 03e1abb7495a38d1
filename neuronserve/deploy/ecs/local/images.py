"""Another image than that of a definition, such as one that is not pushed yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuronserve.deploy.ecs.agent import hardware
from neuronserve.errors import InvalidInput


def replaced(request: Mapping[str, Any], image: str) -> dict[str, Any]:
    """The definition with ``image`` in the container that has chips, or in the only one.

    It may be for another processor, such as a laptop's own: the definition's is no longer asked for.
    Raises InvalidInput when there are several and none, or more than one, has chips.
    """
    containers = request["containerDefinitions"]
    candidates = [c for c in containers if _has_chips(c)] or containers
    if len(candidates) != 1:
        names = ", ".join(c["name"] for c in candidates)
        raise InvalidInput(f"--image: {request['family']} has several containers it could be for: {names}")
    changed = [{**c, "image": image} if c is candidates[0] else c for c in containers]
    kept = {key: value for key, value in request.items() if key != "runtimePlatform"}
    return {**kept, "containerDefinitions": changed}


def _has_chips(container: Mapping[str, Any]) -> bool:
    chips = [device for device in hardware.devices(container) if device.chip is not None]
    return bool(chips) or hardware.wants_all_chips(container)
