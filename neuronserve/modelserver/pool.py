"""All model servers: a call goes to the one with the fewest in flight, over all workers."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from neuronserve.errors import ClientGone, DeadlineExceeded, NeuronserveError, NotReady
from neuronserve.modelserver.board import Board
from neuronserve.modelserver.channels import Channels
from neuronserve.modelserver.client import Lost, ServerFault, Unsent
from neuronserve.modelserver.ejection import Ejection
from neuronserve.modelserver.lanes import Lanes, Watch
from neuronserve.modelserver.ranking import Rank, rank

_MOST_LANES = 64  # threads of one worker for parts of requests
_AHEAD = 2  # calls of one request for each copy of the model: one runs, one is ready to
_PATIENCE_SECONDS = 1.0  # a call that had less says nothing about the server when its time is up


class Server(Protocol):
    """What has to be known of a server: its column on the board, its gRPC target, what it runs at once."""

    @property
    def index(self) -> int: ...
    @property
    def target(self) -> str: ...
    @property
    def copies(self) -> int: ...
    @property
    def cores(self) -> str: ...


Observe = Callable[[Server, str, float], None]
"""Told of each call: its server, the error's code word (empty for none), seconds."""
Asked = dict[int, int]
"""The part of a request -> the index of the server that was asked last."""


def copies(servers: Sequence[Server]) -> int:
    """Batches that all of them run at once."""
    return sum(server.copies for server in servers)


def _nobody(_server: Server, _code: str, _seconds: float) -> None:
    pass


class Pool:
    """The way to the model servers for every thread of one worker."""

    def __init__(self, board: Board, observe: Observe = _nobody, largest: int = -1) -> None:
        """``largest``: bytes of an answer; -1: any."""
        self._board = board
        self._largest = largest
        self._observe = observe
        self._ejection = Ejection(board)
        self._channels: dict[str, Channels] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_MOST_LANES, "lane")  # each is started when first needed

    def call(
        self,
        method: str,
        request: bytes,
        timeout: float,
        servers: Sequence[Server],
        watch: Watch,
        asked: Asked | None = None,
        *,
        joins: int = 1,
    ) -> bytes:
        """Send to one of ``servers``; to one other when the first could not be reached at all.

        ``watch`` is told how to cancel the call while it runs, and None when it is over. ``asked``: gets
        the server as part 0's. ``joins``: such calls that a server makes one batch of, see ``ranking.py``.
        Nothing that may have reached a server is ever sent twice.
        """
        job = _Job(method, _some(servers), time.monotonic() + timeout, asked, joins)
        return self._deliver(job, 0, request, watch)

    def look_up(self, method: str, request: bytes, timeout: float, servers: Sequence[Server]) -> bytes:
        """Ask the first of ``servers`` beside its requests: neither counted nor held against it."""
        return self._spoken(_some(servers)[0], method, request, timeout, lambda _: None)

    def call_all(
        self,
        method: str,
        requests: Sequence[bytes],
        timeout: float,
        servers: Sequence[Server],
        watch: Watch,
        asked: Asked | None = None,
    ) -> list[bytes]:
        """The answers to all ``requests``, which run at the same time on all ``servers``; each as ``call``.

        A request is got from its sequence when it is sent, so that it may be made then. At most two for
        each copy of the model are under way, so that one long list does not bury the others' calls. All
        end with the first fault, at ``timeout`` (seconds, for all together), and when the client leaves.
        """
        lanes, count = self._lanes(method, requests, timeout, servers, asked)
        watch(lanes.hang_up)
        try:
            return lanes.run(count, self._threads)
        finally:
            watch(None)

    def call_each(
        self,
        method: str,
        requests: Sequence[bytes],
        timeout: float,
        servers: Sequence[Server],
        watch: Watch,
        asked: Asked | None = None,
    ) -> Generator[list[bytes], None, None]:
        """As ``call_all``, and the answers in order as they come; they begin with the first ``next``."""
        lanes, count = self._lanes(method, requests, timeout, servers, asked)
        watch(lanes.hang_up)
        try:
            yield from lanes.each(count, self._threads)
        finally:
            watch(None)

    def _lanes(
        self,
        method: str,
        requests: Sequence[bytes],
        timeout: float,
        servers: Sequence[Server],
        asked: Asked | None,
    ) -> tuple[Lanes, int]:
        """The parts of one request, and by how many lanes they are sent."""
        job = _Job(method, _some(servers), time.monotonic() + timeout, asked)
        lanes = Lanes(len(requests), lambda part, lane: self._deliver(job, part, requests[part], lane))
        return lanes, min(len(requests), _AHEAD * copies(servers), _MOST_LANES)

    @contextlib.contextmanager
    def lease(self, servers: Sequence[Server]) -> Iterator[Server]:
        """The one of ``servers`` that a call would go to, counted as busy with one: for calls of others."""
        server = self._enter(_some(servers), 1)
        try:
            yield server
        finally:
            self._board.leave(server.index)

    def welcome(self, server: Server) -> None:
        """It was started anew: what its predecessor failed at is not held against it."""
        self._ejection.forget(server.index)

    def _deliver(self, job: _Job, part: int, request: bytes, watch: Watch) -> bytes:
        server = self._enter(job.servers, job.joins)
        try:
            return self._send(job, part, request, server, watch)
        except Unsent:
            others = [s for s in job.servers if s is not server]
            if not others:
                raise
            return self._send(job, part, request, self._enter(others, job.joins), watch)

    def _enter(self, servers: Sequence[Server], joins: int) -> Server:
        """Choose and count at once: calls that begin together do not meet at one server."""
        with self._lock:
            server = servers[0] if len(servers) == 1 else self._chosen(servers, joins)
            self._board.enter(server.index)
            return server

    def _chosen(self, servers: Sequence[Server], joins: int) -> Server:
        """The one that ``ranking.py`` puts first.

        An ejected one whose time is over is chosen once. When all are ejected, they are as good as any.
        """
        in_flight, last, until = self._board.in_flight, self._board.chosen, self._board.until
        now = time.monotonic_ns()

        def ranked(server: Server) -> Rank:
            return rank(server, in_flight(server.index), last[server.index], now, joins)

        tried = next((s for s in servers if until[s.index] and self._ejection.tries(s.index)), None)
        well = [s for s in servers if not until[s.index]] or servers
        best = tried or min(well, key=ranked)
        last[best.index] = now
        return best

    def _send(self, job: _Job, part: int, request: bytes, server: Server, watch: Watch) -> bytes:
        """To this server, which was entered."""
        if job.asked is not None:
            job.asked[part] = server.index
        began = time.monotonic()
        code, answered = "internal", False
        try:
            answer = self._spoken(server, job.method, request, job.end - began, watch)
        except NeuronserveError as fault:
            # of a call, it is not known why: the client may have left, or another part have failed
            code = "cancelled" if isinstance(fault, ClientGone) else fault.code
            answered = self._judged(fault, server, job, job.end - began)
            raise
        else:
            code, answered = "", True
            self._ejection.answered(server.index)
            return answer
        finally:
            self._board.leave(server.index, answered=answered)
            self._observe(server, code, time.monotonic() - began)

    def _spoken(self, server: Server, method: str, request: bytes, timeout: float, watch: Watch) -> bytes:
        if timeout <= 0:
            raise DeadlineExceeded("the model did not answer in time")
        channels = self._channels.get(server.target)
        if channels is None:
            channels = self._channels.setdefault(server.target, Channels(server.target, self._largest))
        channel = channels.take()
        watch(channel.cancel)
        try:
            return channel.call(method, request, timeout)
        finally:
            watch(None)
            channels.give_back(channel)

    def _judged(self, fault: NeuronserveError, server: Server, job: _Job, timeout: float) -> bool:
        """Whether the fault is an answer all the same. What speaks against the server is held against it."""
        if isinstance(fault, ClientGone):
            return False
        if isinstance(fault, DeadlineExceeded):
            failed = timeout >= _PATIENCE_SECONDS
        elif isinstance(fault, (Unsent, Lost, ServerFault)):
            failed = True
        else:
            self._ejection.answered(server.index)
            return True
        if failed:
            self._ejection.failed(server.index, (s.index for s in job.servers))
        return False


class _Job(NamedTuple):
    """What all parts of a request share. ``end``: when its time is up, on the monotonic clock."""

    method: str
    servers: Sequence[Server]
    end: float
    asked: Asked | None
    joins: int = 1


def _some(servers: Sequence[Server]) -> Sequence[Server]:
    if not servers:
        raise NotReady("no model server is up", hint="try again")
    return servers
