"""What is wrong with the disk of the runtime folder: looked at each second, and said where people look."""

from __future__ import annotations

import os
from pathlib import Path

_LEAST = 64 << 10  # bytes


def fault(folder: Path) -> str:
    """Why nothing can be written there; empty as far as one ``statvfs`` tells.

    It knows nothing of quotas and of faults of the device: who writes hears of those.
    """
    try:
        found = os.statvfs(folder)
    except OSError as error:
        return f"{folder}: {(error.strerror or str(error)).lower()}"
    if found.f_flag & os.ST_RDONLY:
        return f"the file system of {folder} is read-only"
    if found.f_blocks and found.f_bavail * found.f_frsize < _LEAST:
        return f"the disk of {folder} is full: less than {_LEAST >> 10} KiB of {_size(found)} are free"
    if found.f_files and not found.f_favail:
        return f"the disk of {folder} is full: it has no inode left of {found.f_files}"
    return ""


def refused(folder: Path, error: OSError) -> str:
    """The same from a write that failed."""
    return fault(folder) or f"{folder} takes no more: {(error.strerror or str(error)).lower()}"


def _size(found: os.statvfs_result) -> str:
    total = found.f_blocks * found.f_frsize
    return f"{total >> 30} GiB" if total >= 10 << 30 else f"{total >> 20} MiB"
