"""All model servers: a call goes to the one with the fewest in flight, over all workers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from neuronserve.errors import NotReady
from neuronserve.modelserver.board import Board
from neuronserve.modelserver.client import Client, Unsent


class Server(Protocol):
    """What has to be known of a server: its column on the board, and its gRPC target."""

    @property
    def index(self) -> int: ...
    @property
    def target(self) -> str: ...


Watch = Callable[[Callable[[], None] | None], None]


class Pool:
    """The way to the model servers for every thread of one worker."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()

    def call(
        self, method: str, request: bytes, timeout: float, servers: Sequence[Server], watch: Watch
    ) -> bytes:
        """Send to one of ``servers``; to one other when the first could not be reached at all.

        ``watch`` is told how to cancel the call while it runs, and None when it is over. Nothing
        that may have reached a server is ever sent twice.
        """
        if not servers:
            raise NotReady("no model server is up", hint="try again")
        first = self._least_busy(servers)
        try:
            return self._send(first, method, request, timeout, watch)
        except Unsent:
            others = [s for s in servers if s is not first]
            if not others:
                raise
            return self._send(self._least_busy(others), method, request, timeout, watch)

    def _send(self, server: Server, method: str, request: bytes, timeout: float, watch: Watch) -> bytes:
        channel = self._client(server.target).channel()
        self._board.enter(server.index)
        watch(channel.cancel)
        try:
            return channel.call(method, request, timeout)
        finally:
            watch(None)
            self._board.leave(server.index)

    def _least_busy(self, servers: Sequence[Server]) -> Server:
        if len(servers) == 1:
            return servers[0]
        return min(servers, key=lambda s: self._board.in_flight(s.index))

    def _client(self, target: str) -> Client:
        found = self._clients.get(target)
        if found is None:
            with self._lock:
                found = self._clients.setdefault(target, Client(target))
        return found
