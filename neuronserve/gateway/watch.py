"""Notices that a client went away while its call runs, and cancels the call.

nginx closes its connection to a worker when the client closes its own. One thread waits for that on
all connections; each is registered once in its life, so a request costs two assignments here.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable

_GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_HUNG_UP = select.POLLRDHUP | select.POLLHUP | select.POLLERR


class Connection:
    """One connection, and how to cancel the call that runs for it (None while none does)."""

    __slots__ = ("_cancel", "_lock", "gone", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._lock = threading.Lock()
        self._cancel: Callable[[], None] | None = None
        self.gone = False

    def watch(self, cancel: Callable[[], None] | None) -> None:
        """Say how to cancel what begins now, or None when it has ended."""
        with self._lock:
            self._cancel = cancel
            late = self.gone and cancel is not None
        if late and cancel is not None:
            cancel()

    def hang_up(self) -> None:
        with self._lock:
            self.gone = True
            if self._cancel is not None:
                self._cancel()


class Watcher:
    """Started in each worker, after the fork."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._connections: dict[int, Connection] = {}
        threading.Thread(target=self._run, name="watcher", daemon=True).start()

    def add(self, sock: socket.socket) -> None:
        number = sock.fileno()
        self._connections[number] = Connection(sock)
        self._epoll.register(number, _GONE | select.EPOLLONESHOT)

    def drop(self, sock: socket.socket) -> None:
        """Before the socket is closed: its number will be another connection's."""
        number = sock.fileno()
        if self._connections.pop(number, None) is not None:
            self._epoll.unregister(number)

    def knows(self, sock: socket.socket) -> bool:
        """Whether it is this very socket: one that gunicorn closed may have left its number behind."""
        found = self._connections.get(sock.fileno())
        return found is not None and found.sock is sock

    def connection(self, number: int) -> Connection | None:
        return self._connections.get(number)

    def _run(self) -> None:
        while True:
            for number, _ in self._epoll.poll():
                connection = self._connections.get(number)
                if connection is not None and _is_gone(connection.sock):
                    connection.hang_up()


def _is_gone(sock: socket.socket) -> bool:
    """Asked of the socket itself: since the event, its number may have become another connection's."""
    poll = select.poll()
    with contextlib.suppress(ValueError, OSError):  # closed meanwhile: nothing runs for it
        poll.register(sock, select.POLLRDHUP)
        return any(happened & _HUNG_UP for _, happened in poll.poll(0))
    return False
