"""Processes that are stopped (SIGSTOP) and not continued: they hold what they have and answer nothing.

The kernel's word for it is the state T in ``/proc/PID/stat``. It is certain, however busy the machine is: a
process that only waits for its turn is in state R. One under a debugger is in state t, and left alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

_STOPPED = "T"
_STARTED = 19  # its field behind the name


@dataclasses.dataclass(frozen=True)
class Stopped:
    """``leader``: our child that it is, or that started it. ``started`` tells one from the next of its id."""

    pid: int
    leader: int
    started: str
    name: str


def look(leaders: Iterable[int]) -> frozenset[Stopped]:
    """Those of our children, and of the processes that these started, that are stopped now."""
    return frozenset(found for leader in leaders for found in _of(leader))


def _of(leader: int) -> Iterator[Stopped]:
    for pid in (leader, *_children(leader)):
        name, fields = _stat(pid)
        if fields[:1] == [_STOPPED]:
            yield Stopped(pid, leader, fields[_STARTED], name)


def _children(pid: int) -> list[int]:
    """Those that its main thread started."""
    return [int(word) for word in _read(f"/proc/{pid}/task/{pid}/children").split()]


def _stat(pid: int) -> tuple[str, list[str]]:
    """The name, which may hold spaces and brackets, and the fields behind it; none: there is no process."""
    before, _, behind = _read(f"/proc/{pid}/stat").rpartition(")")
    return before.partition("(")[2], behind.split()


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
