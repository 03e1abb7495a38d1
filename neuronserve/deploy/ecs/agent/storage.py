"""Volumes of a task and what a container mounts of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from neuronserve.errors import InvalidInput


@dataclasses.dataclass(frozen=True)
class Mount:
    """``bind``: ``source`` is a path of the instance; else it is the name of a volume.

    ``shared``: the volume outlives the task and other tasks have it too.
    """

    source: str
    target: str
    bind: bool
    read_only: bool = False
    shared: bool = False


@dataclasses.dataclass(frozen=True)
class Storage:
    """``borrowed``: containers whose mounts it has too, and whether read-only. ``tmpfs``: path, options."""

    mounts: tuple[Mount, ...] = ()
    borrowed: tuple[tuple[str, bool], ...] = ()
    tmpfs: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def of(request: Mapping[str, Any], container: Mapping[str, Any]) -> Storage:
    """Raises InvalidInput for a mount point whose volume the task has not."""
    volumes = {volume.get("name"): volume for volume in request.get("volumes") or ()}
    mounts, notes = [], []
    for number, point in enumerate(container.get("mountPoints") or ()):
        name = point.get("sourceVolume")
        if name not in volumes:
            raise InvalidInput(
                f"container {container['name']}: /mountPoints/{number}: the task has no volume {name!r}",
                hint="add it to volumes",
            )
        mounts.append(_mount(volumes[name], point))
        notes.extend(_notes(volumes[name]))
    linux = container.get("linuxParameters") or {}
    return Storage(
        mounts=tuple(mounts),
        borrowed=tuple(
            (one["sourceContainer"], bool(one.get("readOnly"))) for one in container.get("volumesFrom") or ()
        ),
        tmpfs=tuple(
            (one["containerPath"], ",".join([f"size={one['size']}m", *(one.get("mountOptions") or ())]))
            for one in linux.get("tmpfs") or ()
        ),
        notes=tuple(notes),
    )


def _mount(volume: Mapping[str, Any], point: Mapping[str, Any]) -> Mount:
    path = (volume.get("host") or {}).get("sourcePath")
    shared = (volume.get("dockerVolumeConfiguration") or {}).get("scope") == "shared"
    return Mount(
        source=path or volume["name"],
        target=point["containerPath"],
        bind=bool(path),
        read_only=bool(point.get("readOnly")),
        shared=shared,
    )


_REMOTE = {
    "efsVolumeConfiguration": "EFS",
    "s3filesVolumeConfiguration": "S3 Files",
    "fsxWindowsFileServerVolumeConfiguration": "FSx",
    "configuredAtLaunch": "EBS",
}


def _notes(volume: Mapping[str, Any]) -> list[str]:
    name = volume["name"]
    notes = [
        f"volume {name} is an empty one of the engine's, not {what}"
        for key, what in _REMOTE.items()
        if volume.get(key)
    ]
    docker = volume.get("dockerVolumeConfiguration") or {}
    if docker.get("driver", "local") != "local" or docker.get("driverOpts"):
        notes.append(f"volume {name} is a plain one of the engine's: its driver and options are left out")
    return notes
