"""gunicorn: its command line, and whether it answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from neuronserve.boot import asking
from neuronserve.boot.relay import relay
from neuronserve.supervise.children import Command
from neuronserve.supervise.process import Answer

SOCKET = "gateway.sock"
SOCKETS = (SOCKET, "about.sock")  # as gateway/sticky.py has them, which only gunicorn's process loads


def command(root: Path, runtime: Path, environ: Mapping[str, str]) -> Command:
    """``root`` is where ``wsgi.py`` lies. Its stdout is ours: the request log goes out unseen."""
    return Command(
        argv=(sys.executable, "-m", "gunicorn", "-c", "python:neuronserve.gateway.workers", "wsgi:app"),
        env={**environ, "SERVE_RUNTIME_DIR": str(runtime)},
        cwd=root,
        on_stdout=None,
        on_stderr=relay("gunicorn"),
        group_stays=True,  # its workers answer while the next gunicorn starts: gateway/orphans.py
    )


Stamp = tuple[int, int]


def socket_stamp(runtime: Path) -> Stamp | None:
    """Tells the socket of one gunicorn from that of the next; None: there is none."""
    try:
        found = os.stat(runtime / SOCKET)
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


def alive(runtime: Path, patience: float) -> Answer:
    """Whether any worker answers within ``patience`` seconds; what it answers does not matter.

    All threads may be busy with predictions, so patience must be longer than those may take.
    """
    return Answer(ready=asking.get(runtime / SOCKET, "/ping", patience).startswith(b"HTTP/"))
