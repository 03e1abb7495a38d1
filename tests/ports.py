"""Ports for servers of a test that have to be named before the servers listen.

They lie below those that the kernel gives to outgoing connections: of these, any client on the machine may
have taken one by the time that the server listens. Each is drawn by lot, so that runs side by side
seldom meet, and none comes twice in a run.
"""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path

_LOWEST = 10_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_used: set[int] = set()


def free_port() -> int:
    return free_range(1)[0]


def free_range(size: int) -> tuple[int, int]:
    """The first and the last of ``size`` ports in a row."""
    draw = random.SystemRandom()
    for _ in range(1000):
        low = draw.randrange(_LOWEST, _end() - size)
        ports = range(low, low + size)
        if _used.isdisjoint(ports) and _are_free(ports):
            _used.update(ports)
            return low, low + size - 1
    raise AssertionError(f"no {size} free ports in a row")


def _are_free(ports: range) -> bool:
    with contextlib.ExitStack() as held:
        try:
            for port in ports:
                held.enter_context(socket.create_server(("0.0.0.0", port)))
        except OSError:
            return False
    return True


def _end() -> int:
    """Where the kernel's own ports begin; as Linux has it, where it cannot be read."""
    try:
        first = int(_EPHEMERAL.read_text().split()[0])
    except OSError:
        first = 32_768
    return first if first > _LOWEST + 1000 else 65_536
