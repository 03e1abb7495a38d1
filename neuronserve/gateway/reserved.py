"""prometheus_client's files of counters, with their space reserved.

On a full disk writing to a hole in a mapped file is a SIGBUS; and a worker that dies of that has a successor
with new files, and so on for as long as the disk is full.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

SIZE = 1 << 18  # bytes; what the metrics of some 80 model servers take
_log = logging.getLogger("neuronserve.gateway")


class Reserved(MmapedDict):  # type: ignore[misc]  # prometheus_client does not type it
    """In memory of its own, which no other worker sees, where the disk has no room for the file."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if read_mode or _reserve(filename):
            super().__init__(filename, read_mode)
            return
        memory = os.memfd_create("metrics")
        try:
            super().__init__(f"/proc/self/fd/{memory}")
        finally:
            os.close(memory)


def install() -> None:
    """Have prometheus_client use it, from the next metric on."""
    values.MmapedDict = Reserved


def _reserve(filename: str) -> bool:
    try:
        handle = os.open(filename, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            os.posix_fallocate(handle, 0, SIZE)
        finally:
            os.close(handle)
    except OSError as error:
        _log.error("the metrics of process %d are not counted: %s", os.getpid(), error)
        with contextlib.suppress(OSError):
            Path(filename).unlink()  # an empty one could not be read by those who add them up
        return False
    return True
