"""The HTTP server: waitress, in threads of this process."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import threading
from typing import Any

from neuronserve.cpuserver.rest.application import Application
from neuronserve.cpuserver.status import Code, StatusError

_BODY_LIMIT = 2**31 - 1  # bytes, as gRPC's messages


class RestServer:
    """Listens from the start of its life to ``close``."""

    def __init__(self, application: Application, port: int, threads: int, *, address: str = "") -> None:
        """``address``: the one to listen on; empty: all."""
        from waitress.server import create_server

        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a waiting request is no fault
        try:
            self._server: Any = create_server(
                application, sockets=[_listening(address, port)], threads=threads, ident=None,
                max_request_body_size=_BODY_LIMIT, clear_untrusted_proxy_headers=True,
            )  # fmt: skip
        except OSError as error:
            raise StatusError(
                Code.UNAVAILABLE, f"cannot listen on port {port}: {error.strerror or error}"
            ) from error
        self._thread = threading.Thread(target=self._run, name="rest", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # the socket goes away under it when the server closes
            self._server.run()

    def close(self, timeout_seconds: float) -> None:
        """Accept nothing more, and let the requests under way finish."""
        self._server.close()
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=timeout_seconds)


def _listening(address: str, port: int) -> socket.socket:
    """A socket for one address, or for all: of IPv6 and IPv4, or of IPv4 alone where there is no IPv6."""
    if address:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.create_server((address, port), family=family)
    try:
        return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise
        return socket.create_server(("", port))
