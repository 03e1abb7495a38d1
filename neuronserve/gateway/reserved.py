"""prometheus_client's files of counters, with their space reserved.

On a full disk writing to a hole in a mapped file is a SIGBUS; and a worker that dies of that has a successor
with the same files, and so on for as long as the disk is full.
"""

from __future__ import annotations

import contextlib
import logging
import os
import struct
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

SIZE = 1 << 18  # bytes; what the metrics of some 80 model servers take
_UNREADABLE = (RuntimeError, ValueError, struct.error)  # what MmapedDict makes of a file that is damaged
_log = logging.getLogger("neuronserve.gateway")


class Reserved(MmapedDict):  # type: ignore[misc]  # prometheus_client does not type it
    """In memory of its own, which no other worker sees, where the disk has no room for the file."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if read_mode or reserve(Path(filename)):
            super().__init__(filename, read_mode)
            return
        memory = os.memfd_create("metrics")
        try:
            super().__init__(f"/proc/self/fd/{memory}")
        finally:
            os.close(memory)

    def _init_value(self, key: str) -> None:
        """One more; what it needs beyond the space there is is taken first. Raises OSError."""
        needed = self._used + len(key.encode()) + _MOST_AROUND
        if needed > self._capacity:
            os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)
        super()._init_value(key)


_MOST_AROUND = 4 + 8 + 16  # bytes of an entry besides its key: length, padding, two doubles


def install() -> None:
    """Have prometheus_client use it, from the next metric on."""
    values.MmapedDict = Reserved


def reserve(file: Path) -> bool:
    """Take the file's space; whether it is there. No reader finds an empty file: it could not be read."""
    if file.exists() and _is_readable(file):
        return True
    partial = file.with_suffix(".partial")
    try:
        handle = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.posix_fallocate(handle, 0, SIZE)
            os.pwrite(handle, struct.pack("i", _EMPTY), 0)
        finally:
            os.close(handle)
        partial.replace(file)
    except OSError as error:
        _log.error("the metrics of process %d are not counted: %s", os.getpid(), error)
        with contextlib.suppress(OSError):
            partial.unlink()
        return False
    return True


def _is_readable(file: Path) -> bool:
    """Not where whoever wrote it died in the middle of it: it is begun anew then."""
    try:
        for _ in MmapedDict.read_all_values_from_file(file):
            pass
    except _UNREADABLE as error:
        _log.error("%s cannot be read, and is begun anew: %s", file, error)
        return False
    return True


_EMPTY = 8  # the first bytes: how many are used, with themselves
