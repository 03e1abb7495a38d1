"""What the engine is told of a container that is not in its definition, such as its name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from neuronserve.deploy.ecs.agent import storage

Request = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Around:
    """``prefix``: of the names of containers and volumes; empty: the family.

    ``address``: of this machine, where ports are published; empty: all. ``chips``: what ``NeuronDevice``
    ``ALL`` means here. ``inherited``: variables whose values the engine finds in its own environment.
    ``mounts``: more volumes, as the engines write them. ``watched``: somebody does the agent's work, health
    checks and restarts; else the engine does. ``podman``: None: the engine's name tells.
    """

    prefix: str = ""
    address: str = ""
    chips: tuple[str, ...] = ()
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    inherited: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    watched: bool = False
    podman: bool | None = None


ALONE = Around()


def container_name(request: Request, container: str, around: Around = ALONE) -> str:
    """Of a container of the task, to the engine."""
    return f"{around.prefix or request['family']}-{container}"


def volume_name(request: Request, mount: storage.Mount, around: Around = ALONE) -> str:
    """The source of a mount, to the engine: a path, or the name of a volume."""
    return (
        mount.source if mount.bind or mount.shared else f"{around.prefix or request['family']}-{mount.source}"
    )


def is_podman(engine: str, around: Around) -> bool:
    return "podman" in PurePath(engine).name if around.podman is None else around.podman
