"""Members that AWS's model of the request does not ask for, and without which nothing can run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.findings import pointer

_OF_CONTAINER = {
    "environment": ("name",),
    "systemControls": ("namespace", "value"),
    "mountPoints": ("sourceVolume", "containerPath"),
    "volumesFrom": ("sourceContainer",),
}


def missing(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where something is missing, as a JSON pointer, and what. The request has AWS's shape."""
    containers = request["containerDefinitions"]
    if not containers:
        yield pointer("containerDefinitions"), "no container"
    for number, volume in enumerate(request.get("volumes") or ()):
        yield from _absent(volume, ("name",), "volumes", number)
    for number, container in enumerate(containers):
        place = ("containerDefinitions", number)
        yield from _absent(container, ("name", "image"), *place)
        for key, members in _OF_CONTAINER.items():
            for index, one in enumerate(container.get(key) or ()):
                yield from _absent(one, members, *place, key, index)
        for index, port in enumerate(container.get("portMappings") or ()):
            if not (port.get("containerPort") or port.get("containerPortRange")):
                yield pointer(*place, "portMappings", index), "no containerPort and no containerPortRange"


def _absent(
    value: Mapping[str, Any], members: tuple[str, ...], *place: str | int
) -> Iterator[tuple[str, str]]:
    for member in members:
        if not value.get(member) and not (member == "value" and member in value):
            yield pointer(*place), f"no {member}"
