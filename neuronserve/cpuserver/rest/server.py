"""The HTTP server: waitress, in threads of this process."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import Any

from neuronserve.cpuserver.rest.application import Application
from neuronserve.cpuserver.status import Code, StatusError

_BODY_LIMIT = 2**31 - 1  # bytes, as gRPC's messages


class RestServer:
    """Listens from the start of its life to ``close``."""

    def __init__(self, application: Application, port: int, threads: int) -> None:
        from waitress.server import create_server

        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a waiting request is no fault
        try:
            self._server: Any = create_server(
                application, host="0.0.0.0", port=port, threads=threads, ident=None,
                max_request_body_size=_BODY_LIMIT, clear_untrusted_proxy_headers=True,
            )  # fmt: skip
        except OSError as error:
            raise StatusError(Code.UNAVAILABLE, f"cannot listen on port {port}: {error.strerror}") from error
        self._thread = threading.Thread(target=self._run, name="rest", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # the socket goes away under it when the server closes
            self._server.run()

    def close(self, timeout_seconds: float) -> None:
        """Accept nothing more, and let the requests under way finish."""
        self._server.close()
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=timeout_seconds)
