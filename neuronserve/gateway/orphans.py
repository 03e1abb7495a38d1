"""Workers whose gunicorn died: they go on answering until the next gunicorn can take over.

Starting takes a second of a free CPU, and longer on a busy one. Meanwhile the supervisor is their parent, and
they keep their sockets. The next gunicorn ends them when it has loaded all that it needs, before it takes
over what they share: the board, the files of counters.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

_LEAVE_SECONDS = 0.3  # for requests that they have in hand
_DIE_SECONDS = 2.0
_LOOK_SECONDS = 0.01


def end() -> None:
    """End them; returns when there are none, or they cannot be ended."""
    for how, seconds in ((signal.SIGTERM, _LEAVE_SECONDS), (signal.SIGKILL, _DIE_SECONDS)):
        for pid in _found():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, how)
        until = time.monotonic() + seconds
        while any(_found()) and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)


def _found() -> Iterator[int]:
    """Children of our own parent with our command that lead no group: nobody but they.

    Their variables cannot be compared: who hides them, hides them from us, too.
    """
    own = _command("self")
    parent = os.getppid()
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        for pid in map(int, _read(task).split()):
            if pid != os.getpid() and _group(pid) != pid and _command(pid) == own:
                yield pid


def _command(pid: int | str) -> bytes:
    return _read(f"/proc/{pid}/cmdline")


def _group(pid: int) -> int:
    """That of the process; its own number where it is gone."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return pid


def _read(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
