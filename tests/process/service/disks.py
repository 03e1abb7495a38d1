"""File systems of their own for runtime folders: small ones, which are filled, and freed again."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_PIECE = 1 << 20


class Disk:
    """A tmpfs at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filling = path / "filling"

    def fill(self) -> None:
        """Take every byte, and keep it."""
        with contextlib.suppress(OSError), self._filling.open("wb", buffering=0) as file:
            for size in (_PIECE, 4096):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)):
                        pass
        found = os.statvfs(self.path)
        assert found.f_bavail == 0

    def fill_inodes(self) -> None:
        """Take every inode."""
        self._filling.mkdir()
        with contextlib.suppress(OSError):
            for number in range(1 << 20):
                (self._filling / str(number)).touch()
        assert os.statvfs(self.path).f_favail == 0

    def free(self) -> None:
        subprocess.run(["rm", "-r", str(self._filling)], check=True)


@pytest.fixture
def disk() -> Iterator[Callable[[str], Disk]]:
    """``disk("size=24m")`` mounts one; skips where this user may not."""
    mounted: list[Path] = []

    def mount(options: str) -> Disk:
        path = Path(tempfile.mkdtemp(prefix="nsd-", dir="/tmp"))
        path.chmod(0o711)
        command = ["mount", "-t", "tmpfs", "-o", f"{options},mode=711", "tmpfs", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            path.rmdir()
            pytest.skip(f"a file system cannot be mounted: {done.stderr.strip()}")
        mounted.append(path)
        return Disk(path)

    yield mount
    for path in mounted:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
        path.rmdir()
