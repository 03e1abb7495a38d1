"""The cores of a simulated host: a core is owned while its file is locked, and free when its owner dies."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LARGEST_RECORD = 65536


@dataclasses.dataclass(frozen=True)
class Owner:
    """What the owner of a core wrote into its file; ``pid`` is 0 while it has not yet."""

    pid: int
    tag: str = ""
    command: str = ""


def owned(cores_dir: Path) -> dict[int, Owner]:
    """Core number on the host -> its owner, for all cores that are owned now."""
    return {core: owner for core, path in _files(cores_dir) if (owner := _owner(path)) is not None}


def _files(cores_dir: Path) -> Iterator[tuple[int, Path]]:
    try:
        names = sorted(path.name for path in cores_dir.iterdir())
    except OSError:
        return
    for name in names:
        match = re.fullmatch(r"core-(0|[1-9]\d{0,5})", name, re.ASCII)
        if match:
            yield int(match[1]), cores_dir / name


def _owner(path: Path) -> Owner | None:
    """None when nobody holds the lock. Asked with a shared lock, so that askers do not see each other."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _record(os.pread(file, _LARGEST_RECORD, 0))
    except OSError:
        return None
    finally:
        os.close(file)  # gives up the lock, too
    return None


def _record(text: bytes) -> Owner:
    try:
        raw: Any = json.loads(text)
        pid = raw["pid"]
        if isinstance(pid, int) and not isinstance(pid, bool) and pid > 0:
            return Owner(pid, str(raw.get("tag", "")), str(raw.get("command", "")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass  # its owner is just writing it
    return Owner(0)
