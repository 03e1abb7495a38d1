"""The objects under a prefix as the files of a tree."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from neuronserve.artifact import members
from neuronserve.artifact.location import S3Location
from neuronserve.artifact.members import Bounds
from neuronserve.artifact.objects import RemoteObject
from neuronserve.errors import HostileArchive

_PASSED_OVER = 10  # times the files that count: folders and junk of consoles


def arranged(at: S3Location, listed: Iterable[RemoteObject], bounds: Bounds) -> tuple[RemoteObject, ...]:
    """The objects of a tree with their places in it. Raises HostileArchive: keys may be anything."""
    found: dict[str, RemoteObject] = {}
    total = 0
    for count, one in enumerate(listed):
        if count >= _PASSED_OVER * bounds.files:
            raise _too_many(at, bounds)
        name = one.key.removeprefix(at.key)
        path = members.clean(name)
        if not path or members.is_junk(path) or (name.endswith("/") and one.size == 0):
            continue  # consoles make empty objects for folders
        total += one.size
        if path in found or name.endswith("/"):
            raise HostileArchive(f"{at} holds {members.shown(path)} twice, or as a folder with content")
        if len(found) >= bounds.files or total > bounds.bytes:
            raise _too_many(at, bounds)
        found[path] = dataclasses.replace(one, path=path)
    for path in found:
        parts = path.split("/")
        if any("/".join(parts[:n]) in found for n in range(1, len(parts))):
            raise HostileArchive(f"{at} holds {members.shown(path)} below an object of its folder's name")
    return tuple(found.values())


def _too_many(at: S3Location, bounds: Bounds) -> HostileArchive:
    return HostileArchive(
        f"{at} holds more than {bounds.files:,} objects or {bounds.bytes >> 20:,} MiB",
        hint="raise SERVE_MAX_FILES or SERVE_MAX_UNPACKED_MB, or name a narrower prefix",
    )
