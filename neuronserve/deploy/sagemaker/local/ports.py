"""Ports of this machine that nobody listens on."""

from __future__ import annotations

import contextlib
import random
import socket

from neuronserve.errors import InvalidInput

_LOW, _HIGH = 20_000, 32_000  # below what Linux gives to outgoing connections


def free(wanted: int = 0, host: str = "127.0.0.1") -> int:
    """``wanted`` if it is free; 0: any. Raises InvalidInput."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            raise InvalidInput(
                f"port {wanted} cannot be used: {error.strerror}", hint="--port 0 takes any free one"
            ) from None
        port: int = probe.getsockname()[1]
        return port


def free_range(count: int) -> tuple[int, int]:
    """The first and last of ``count`` neighbouring ports. Raises InvalidInput where none are found."""
    for _ in range(200):
        first = random.randrange(_LOW, _HIGH - count)  # noqa: S311  no secret
        if _all_free(first, count):
            return first, first + count - 1
    raise InvalidInput(f"no {count} neighbouring ports are free on this machine")


def _all_free(first: int, count: int) -> bool:
    with contextlib.ExitStack() as held:
        for port in range(first, first + count):
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                return False
    return True
