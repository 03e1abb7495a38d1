"""Unix sockets in folders whose paths may be longer than a socket's address (107 bytes)."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Another name of the same file: its folder as an open descriptor."""
    descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)


def listen(path: Path) -> socket.socket:
    """Listen there, in the place of what a killed process left."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path.unlink(missing_ok=True)
    with _short(path) as name:
        listener.bind(name)
    path.chmod(0o666)
    listener.listen()
    return listener


def connect(path: Path, timeout_seconds: float) -> socket.socket:
    """OSError when nobody listens there."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(timeout_seconds)
    try:
        with _short(path) as name:
            client.connect(name)
    except BaseException:
        client.close()
        raise
    return client
