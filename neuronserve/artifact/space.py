"""Room on the disk: asked before, and when it ran out midway after all."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from neuronserve.errors import DiskFull

MARGIN = 4 << 20  # manifests, journals, file system overhead
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_HINT = "give SERVE_CACHE_DIR a larger disk, or the container a larger volume"


def free(path: Path) -> int:
    """Bytes this process may still write where ``path`` lies."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def demand(path: Path, needed: int, what: str) -> None:
    """Raises DiskFull when there is less than ``needed`` bytes and a margin."""
    available = free(path)
    if available < needed + MARGIN:
        raise DiskFull(
            f"{what} needs at least {mib(needed + MARGIN)} in {path}, and {mib(available)} are free",
            hint=_HINT,
        )


@contextlib.contextmanager
def guarded(path: Path, needed: int, what: str) -> Iterator[None]:
    """Turns "no space left" into DiskFull: how much was wanted (``needed``: at least), and where."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull(
            f"the disk ran full while {what} was fetched into {path}: it needs more than {mib(needed)}; "
            f"{mib(free(path))} are free",
            hint=_HINT,
        ) from error


def unpacked_hint(tail: bytes, packed: int) -> int:
    """At least how many bytes a gzip of ``packed`` bytes unpacks to, from its last four bytes.

    They hold the size modulo 4 GiB, of the last gzip member only: a lower bound, no more.
    """
    return max(int.from_bytes(tail[-4:], "little"), packed - packed // 64)  # deflate hardly grows data


def mib(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB"
