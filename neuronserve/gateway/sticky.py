"""gunicorn's threaded worker, with a thread that stays with its connection while requests follow.

nginx keeps its connections to a worker open. gthread hands each request from the main thread to a
pool and back, which costs 0.1-0.15 ms of CPU; a thread that waits a moment for the next request on
the same connection saves that. It never does while other connections wait, and half of the threads never do.

Questions about the service come by a socket of their own and have threads of their own, so that they are
answered while predictions hold all others. So do loads and unloads of models, which may wait for minutes.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gunicorn.http import wsgi
from gunicorn.workers.gthread import ThreadWorker

from neuronserve.gateway import heartbeat, refusal
from neuronserve.gateway.multimodel.limits import AT_ONCE

QUESTIONS = "about.sock"  # the name of their socket
LOADS = "loads.sock"
_LINGER_MILLISECONDS = 50
_SMALL = 65_536  # bytes of a body that are worth a copy
_THREADS = {QUESTIONS: 2, LOADS: AT_ONCE + 2}  # a load too many needs one to be told so


heartbeat.install()
_STARTER = os.getppid()  # of gunicorn, which loads this before its first fork


class _Pieces:
    """In place of a socket: what is to be sent."""

    def __init__(self) -> None:
        self.all: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.all.append(data)


class OneWriteResponse(wsgi.Response):  # type: ignore[misc]  # gunicorn has no types
    """The head goes out with the first piece of the body.

    A worker that is killed between two writes leaves nginx with a head and no body, which it has already
    passed on: the client would see a broken connection instead of the 503 that nginx has for it.
    """

    sock: Any

    def write(self, arg: Any) -> None:
        if self.headers_sent or not isinstance(arg, bytes) or len(arg) > _SMALL:
            super().write(arg)
            return
        sock, pieces = self.sock, _Pieces()
        self.sock = pieces
        try:
            super().write(arg)
        finally:
            self.sock = sock
        sock.sendall(b"".join(pieces.all))


wsgi.Response = OneWriteResponse  # what ThreadWorker makes


class StickyWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A ThreadWorker; ``watcher`` is set after the fork, and told of every connection."""

    watcher: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lingering = threading.Semaphore(max(1, self.cfg.threads // 2))

    def is_parent_alive(self) -> bool:
        """Or who started it, for whom a worker goes on when gunicorn dies (``orphans.py``)."""
        return os.getppid() in (self.ppid, _STARTER)

    def init_process(self) -> None:
        """After the fork."""
        # each thread is started when first needed
        self._others = {name: ThreadPoolExecutor(most) for name, most in _THREADS.items()}
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        threads = self._others.get(str(conn.server).rpartition("/")[2])
        if threads is None:
            super().enqueue_req(conn)
            return
        done = threads.submit(self.handle, conn)
        done.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def handle(self, conn: Any) -> Any:
        watcher = self.watcher
        if watcher is not None and not watcher.knows(conn.sock):
            watcher.add(conn.sock)
        keep = super().handle(conn)
        while keep is True and self._may_linger(conn):
            keep = super().handle(conn)
        if watcher is not None and keep is False:
            watcher.drop(conn.sock)
        return keep

    def handle_error(self, _req: Any, client: Any, _addr: Any, exc: BaseException) -> None:
        """A request that gunicorn could not read, or an answer that could not be made."""
        broken = refusal.inner_address(exc) == refusal.BROKEN
        self.log.warning("a request was refused: %s", exc, exc_info=exc if broken else None)
        with contextlib.suppress(OSError):
            client.sendall(refusal.answer(exc))

    def _may_linger(self, conn: Any) -> bool:
        if not self.alive or self.tpool._work_queue.qsize():  # noqa: SLF001  no other way to see who waits
            return False
        if conn.parser.unreader.buf.getvalue():
            return True
        if not self._lingering.acquire(blocking=False):
            return False
        try:
            poll = select.poll()
            poll.register(conn.sock, select.POLLIN)
            return bool(poll.poll(_LINGER_MILLISECONDS)) and self.alive
        finally:
            self._lingering.release()
