"""What every source of a model is given, and what it gives back."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

from neuronserve.artifact import digests
from neuronserve.artifact.cache import Cache, opened
from neuronserve.artifact.digests import Expected
from neuronserve.artifact.members import Bounds
from neuronserve.artifact.progress import Report
from neuronserve.artifact.retry import Patience
from neuronserve.errors import AccessDenied, ModelNotFound
from neuronserve.settings import Settings


@dataclasses.dataclass(frozen=True)
class Order:
    """How a model is to be fetched, whatever the source."""

    settings: Settings
    report: Report
    patience: Patience
    hearsay: tuple[Expected, ...] = ()  # digests that others claim: warnings only
    target: str = ""  # the device that a compilation job made it for

    @property
    def expected(self) -> tuple[Expected, ...]:
        own = digests.from_setting(self.settings.model_digest, on_mismatch=self.settings.digest_mismatch)
        return own or self.hearsay

    @property
    def bounds(self) -> Bounds:
        return Bounds(files=self.settings.max_files, bytes=self.settings.max_unpacked_mb << 20)

    @property
    def fatal(self) -> bool:
        """Whether a wrong check sum is an error."""
        return self.settings.digest_mismatch == "fail"

    @property
    def mark(self) -> str:
        """What an entry of the cache was checked against: part of its key."""
        told = "\n".join(f"{one.algorithms} {one.value} {one.fatal}" for one in self.expected)
        return f"{told}\n{self.fatal}\n{self.bounds}"

    def cache(self) -> Cache:
        return opened(self.settings)


@dataclasses.dataclass(frozen=True)
class Tree:
    """An unpacked artifact: not normalised yet."""

    path: Path
    source: str
    digest: str = ""
    reused: bool = False


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Reads what lies at ``path``. Raises ModelNotFound and AccessDenied."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelNotFound(
            f"{path}: no such file or directory", hint="check MODEL_URI and the mounts"
        ) from error
    except PermissionError as error:
        raise AccessDenied(
            f"{error.filename or path} may not be read by uid {os.getuid()}",
            hint="make the model readable for everybody: chmod -R a+rX",
        ) from error
