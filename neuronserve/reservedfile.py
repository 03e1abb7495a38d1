"""A small file that is replaced whole, also on a full disk.

Its space and its successors' are taken once. A new content is written into a spare file of the same folder,
in place, and the two change names (``renameat2`` with RENAME_EXCHANGE): that needs neither a block nor an
inode, and who opens the file by its name finds the old content or the new one. A reader that holds the old
file open while it is replaced ``SPARES`` times could see it change; its time tells (``state.Reader``).
"""

from __future__ import annotations

import ctypes
import os
import stat
import time
from pathlib import Path

SPARES = 2
PAGE = 4096  # bytes: what any file system gives a file at least
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

Stamp = tuple[int, int, int]  # inode, time, bytes


class ReservedFile:
    """``path``, written by this object alone. ``size``: bytes that are taken before they are needed."""

    def __init__(self, path: Path, size: int = PAGE) -> None:
        self._path = path
        self._size = size
        self._spares = [path.with_name(f"{path.name}.{number}.partial") for number in range(SPARES)]
        self._turn = 0
        self._stamp: Stamp | None = None

    def reserve(self) -> None:
        """Take the space of what is to be written. Raises OSError."""
        for spare in self._spares:
            if not _is_file(spare, self._size):
                os.close(self._opened(spare))

    def write(self, content: bytes) -> None:
        """Replace the file. Its time is the true one, in nanoseconds, and no other content's.

        Raises OSError, and then the file is as it was.
        """
        self._stamp = None  # whatever happens to the disk from here on is not what was meant
        self._turn = (self._turn + 1) % SPARES
        spare = self._spares[self._turn]
        handle = self._opened(spare)
        try:
            _fill(handle, content, self._size)
            now = time.time_ns()
            os.utime(handle, ns=(now, now))
            found = os.fstat(handle)
        finally:
            os.close(handle)
        self._exchange(spare)
        self._stamp = (found.st_ino, found.st_mtime_ns, found.st_size)

    def is_as_written(self) -> bool:
        """Whether the file on the disk is what was written last: one ``stat``."""
        try:
            found = os.stat(self._path, follow_symlinks=False)
        except OSError:
            return False
        return (found.st_ino, found.st_mtime_ns, found.st_size) == self._stamp

    def _opened(self, spare: Path) -> int:
        """The spare file, with its space."""
        handle = os.open(spare, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            if os.fstat(handle).st_blocks * 512 < self._size:
                os.posix_fallocate(handle, 0, self._size)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def _exchange(self, spare: Path) -> None:
        """The two change names; where that cannot be, the spare one takes the name."""
        if not _exchanged(spare, self._path):
            os.replace(spare, self._path)


def _exchanged(one: Path, other: Path) -> bool:
    """Not where the other is missing, nor where C library, kernel or file system have no such call."""
    call = getattr(ctypes.CDLL(None), "renameat2", None)
    names = os.fsencode(one), os.fsencode(other)
    return call is not None and call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0


def _fill(handle: int, content: bytes, size: int) -> None:
    """All of it from the start; what is longer ends with it, and keeps its space."""
    at = 0
    while at < len(content):
        at += os.pwrite(handle, content[at:], at)
    # a page that the file reaches into stays its own; whole ones behind it would be given away
    kept = max(len(content), size - PAGE + 1 if size > PAGE else 1)
    padding = kept - len(content)
    if padding > 0:
        os.pwrite(handle, b" " * padding, len(content))
    os.ftruncate(handle, kept)


def _is_file(path: Path, size: int) -> bool:
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_blocks * 512 >= size
