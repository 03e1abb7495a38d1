"""Where a run of the tool lies: folders for the service's runtime, its cache and its temporary files.

::

    PLACE/small/run     the runtime folder, on a small tmpfs of its own where one can be had
    PLACE/small/filler  what fills it
    PLACE/cache  PLACE/tmp  PLACE/models  PLACE/log
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SMALL_MIB = 64
_FILLABLE = 512 << 20  # bytes: what may be filled for a while where no tmpfs can be had
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Place:
    """``unfillable``: why the runtime folder's disk cannot be filled; empty where it can."""

    folder: Path
    unfillable: str

    @property
    def runtime(self) -> Path:
        return self.folder / "small" / "run"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def _filler(self) -> Path:
        return self.folder / "small" / "filler"

    def fill(self) -> None:
        """Take all that is left, to the last byte."""
        with self._filler.open("ab", buffering=0) as filler:
            size = _CHUNK
            while size:
                try:
                    filler.write(bytes(size))
                except OSError as error:
                    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                        raise
                    size //= 2

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def files(self) -> tuple[dict[str, int], int]:
        """How many files of each sort lie in runtime, cache and temporary folder; and their bytes."""
        counts: dict[str, int] = {}
        size = 0
        for where in (self.runtime, self.cache, self.temporary):
            for path in below(where):
                with contextlib.suppress(OSError):
                    size += path.lstat().st_blocks * 512
                    name = nameless(str(path.relative_to(where.parent)))
                    counts[name] = counts.get(name, 0) + 1
        return counts, size


def below(folder: Path) -> Iterator[Path]:
    """All but folders; whatever vanishes meanwhile."""
    for where, _, names in os.walk(folder):
        yield from (Path(where, name) for name in names)


def nameless(name: str) -> str:
    """The name without what differs from one process or moment to the next: numbers and random endings."""
    return re.sub(r"\d+", "#", re.sub(r"-[a-z0-9_]{8}(?=/|$)", "-#", name))  # tempfile's endings have eight


@contextlib.contextmanager
def made() -> Iterator[Place]:
    """A new place, removed at the end with all that lies in it."""
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    folder.chmod(0o755)  # nginx, started by root, reads the state as another user
    place = Place(folder, "")
    place.runtime.parent.mkdir()
    mounted, unfillable = _mounted(place.runtime.parent)
    try:
        for one in (place.cache, place.temporary, place.models):
            one.mkdir(mode=0o755)
        yield Place(folder, unfillable)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(place.runtime.parent)], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _mounted(folder: Path) -> tuple[bool, str]:
    """Whether a tmpfs was mounted there; and why the folder cannot be filled, if it cannot."""
    why = "only root may mount a small tmpfs"
    if os.geteuid() == 0:
        options = f"size={_SMALL_MIB}m,mode=755"
        command = ["mount", "-t", "tmpfs", "-o", options, "soak", str(folder)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return True, ""
        why = done.stderr.partition("\n")[0] or f"mount ended with {done.returncode}"
    if shutil.disk_usage(folder).free <= _FILLABLE:  # a container's small /tmp: its own quota
        return False, ""
    return False, f"{why}, and the temporary folder has more than {_FILLABLE >> 20} MiB free"
