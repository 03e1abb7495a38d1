"""What scripts ask of the container's half about models: how a tree is read, and whether it would be served.

The answers are plain values; who gives them is injected through the desk (``scripts/_acceptance.py``).
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from neuronserve.compiled import Compiled
from neuronserve.errors import InvalidInput


@dataclasses.dataclass(frozen=True)
class Found:
    """One SavedModel of a tree. ``name``: "" where the path says none; ``folder``: where it lies."""

    name: str
    version: int
    folder: Path


@dataclasses.dataclass(frozen=True)
class Tree:
    """What ``serve`` sees in a folder or archive. ``extras``: what lies beside the models, by shown name.

    ``root``: the folder that all of it lies in.
    """

    root: Path
    models: tuple[Found, ...]
    extras: Mapping[str, Path]


@dataclasses.dataclass(frozen=True)
class Accepted:
    """What ``serve`` makes of an archive. ``models``: the versions of each, by the name it is served by.

    ``default``: the model for requests that name none; ``code``: whether it has an ``inference.py``;
    ``golden``: lines of recorded requests; ``warm_up``: recorded warm-up requests of all versions;
    ``warnings``: what it would warn of.
    """

    models: Mapping[str, tuple[Compiled, ...]]
    default: str
    code: bool = False
    golden: int = 0
    warm_up: int = 0
    warnings: tuple[str, ...] = ()


class Reader(Protocol):
    """The container's half, as far as models go. Both raise ArtifactError."""

    def opened(self, source: str) -> contextlib.AbstractContextManager[Tree]:
        """A folder, an archive, or ``s3://``, for as long as the context lasts."""
        ...

    def accepted(self, archive: Path) -> Accepted:
        """Unpack, normalise, look into and check an archive as a start would."""
        ...


class NoReader:
    """For a desk that was given none."""

    def opened(self, source: str) -> contextlib.AbstractContextManager[Tree]:
        raise InvalidInput(f"{source}: models cannot be looked into here")

    def accepted(self, archive: Path) -> Accepted:
        raise InvalidInput(f"{archive}: models cannot be looked into here")
