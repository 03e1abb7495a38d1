"""The gRPC server: its threads, ports and socket."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

from neuronserve.cpuserver.status import Code, StatusError

_UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


def start(
    handlers: Sequence[grpc.GenericRpcHandler[Any, Any]],
    *,
    port: int,
    address: str = "",
    socket_path: str,
    threads: int,
    options: Sequence[tuple[str, Any]],
    credentials: grpc.ServerCredentials | None = None,
) -> grpc.Server:
    """A server that listens on ``port`` (0: not) and on a unix socket ("": not).

    ``address``: that of the port; empty: 0.0.0.0, which gRPC takes for all of IPv6 too, where there is one.
    ``credentials``: for TLS. UNAVAILABLE when it cannot listen.
    """
    server = grpc.server(
        futures.ThreadPoolExecutor(threads, thread_name_prefix="grpc"),
        handlers=list(handlers),
        # two servers on one port would share its calls, and hide each other
        options=[*_UNLIMITED, ("grpc.so_reuseport", 0), *options],
    )
    if port:
        _listen(server, where(address, port), credentials)
    if not socket_path:
        server.start()
        return server
    path = Path(socket_path).absolute()
    # it appears under its own name only when it answers, and takes the place of what a killed
    # server left behind; a short name, because a socket's path has 107 bytes at most
    fresh = path.with_name(f".{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    _listen(server, f"unix:{fresh}", credentials)
    server.start()
    fresh.rename(path)
    return server


def where(address: str, port: int) -> str:
    """As gRPC writes it."""
    return f"[{address}]:{port}" if ":" in address else f"{address or '0.0.0.0'}:{port}"


def _listen(server: grpc.Server, address: str, credentials: grpc.ServerCredentials | None) -> None:
    try:
        if credentials is not None:
            bound = server.add_secure_port(address, credentials)
        else:
            bound = server.add_insecure_port(address)
    except RuntimeError:
        bound = 0
    if not bound:
        raise StatusError(
            Code.UNAVAILABLE, f"cannot listen on {address}: it is in use, or may not be used by this user"
        )
