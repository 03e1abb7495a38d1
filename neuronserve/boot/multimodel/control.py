"""The control socket: a unix socket in the runtime folder, one line of JSON each way, then it is closed.

Everything happens in the loop's thread, and nothing there waits for a client: who is slow, says too much or
goes away harms itself alone. What was begun goes on when its client is gone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

from neuronserve.errors import LoadFailed, NeuronserveError, Overloaded, RequestError
from neuronserve.privileges import Account
from neuronserve.supervise.loop import Loop, Timer

SOCKET = "models.sock"
LONGEST = 65_536  # bytes of a request: a name, and a path of at most 4,096, as JSON may write them
_MOST = 1024  # clients at once: of each worker, as many as it has threads
_READ_SECONDS = 10.0  # for a request to come; answers take as long as they take
_log = logging.getLogger("serve")

Done = Callable[[NeuronserveError | None], None]
Handle = Callable[[bytes, Done], None]


class Control:
    """``handle(line, done)`` for each request; it calls ``done`` once, at any time, in the loop's thread."""

    def __init__(self, loop: Loop, path: Path, handle: Handle, client: Account | None = None) -> None:
        """``client``: who may ask; None: whoever we are. Raises OSError when it cannot listen there."""
        self._loop = loop
        self._path = path
        self._handle = handle
        self._clients: set[_Client] = set()
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._listener.bind(str(path))
            path.chmod(0o600)
            if client is not None:
                os.chown(path, client.uid, client.gid)
            self._listener.listen(_MOST)
        except OSError:
            self._listener.close()
            raise
        loop.on_readable(self._listener.fileno(), self._accept)

    def close(self) -> None:
        """No more requests; who waits for an answer gets it, or an end."""
        if self._listener.fileno() < 0:
            return
        self._loop.forget(self._listener.fileno())
        self._listener.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # gone again, or no descriptor is free
            return
        client = _Client(self._loop, connection, self._asked, self._clients.discard)
        self._clients.add(client)
        if len(self._clients) > _MOST:
            client.answer(Overloaded("too many requests for loads and unloads at once", hint="try again"))

    def _asked(self, line: bytes, done: Done) -> None:
        try:
            self._handle(line, done)
        except NeuronserveError as error:
            done(error)
        except Exception:  # noqa: BLE001  a fault here must not end the service, nor leave a client waiting
            _log.exception("a request for a load or an unload failed")
            done(LoadFailed("the request failed", hint="see the log"))


class _Client:
    """One connection, from its first byte to its answer."""

    def __init__(
        self,
        loop: Loop,
        connection: socket.socket,
        asked: Callable[[bytes, Done], None],
        ended: Callable[[_Client], None],
    ) -> None:
        self._loop = loop
        self._socket = connection
        self._asked = asked
        self._ended = ended
        self._read = b""
        self._late: Timer = loop.later(_READ_SECONDS, self._close)
        self._listening = True
        connection.setblocking(False)
        loop.on_readable(connection.fileno(), self._readable)

    def answer(self, error: NeuronserveError | None) -> None:
        """The last thing that happens to it. An answer fits the socket's buffer: nothing waits."""
        told = {"ok": True} if error is None else {"ok": False, **error.as_dict()}
        with contextlib.suppress(OSError):  # it went away meanwhile, or was closed here
            self._socket.send(json.dumps(told).encode() + b"\n", socket.MSG_NOSIGNAL)
        self._close()

    def _readable(self) -> None:
        try:
            piece = os.read(self._socket.fileno(), LONGEST)
        except BlockingIOError:
            return
        except OSError:
            self._close()
            return
        if not piece:
            self._close()
            return
        self._read += piece
        line, end, _ = self._read.partition(b"\n")
        if end and len(line) <= LONGEST:
            self._stop_listening()  # whatever else it sends is of no interest
            self._asked(line, self.answer)
        elif len(self._read) > LONGEST:
            self.answer(RequestError(f"a request has at most {LONGEST} bytes"))

    def _stop_listening(self) -> None:
        self._late.cancel()
        if self._listening:
            self._listening = False
            self._loop.forget(self._socket.fileno())

    def _close(self) -> None:
        if self._socket.fileno() >= 0:
            self._stop_listening()
            self._socket.close()
        self._ended(self)
