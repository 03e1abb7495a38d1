"""The parts of one request, sent by several threads at the same time.

Each lane takes the next part when its last one is answered, so no more are under way than there are lanes,
and a slow server gets fewer. The thread that asks is one of the lanes: it gets on when all others are busy.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future

from neuronserve.errors import ClientGone

Watch = Callable[[Callable[[], None] | None], None]
Send = Callable[[int, Watch], bytes]  # a part's number, and who is told how to cancel its call


class Lanes:
    """One request's parts. The first fault ends them all, as does the client who leaves."""

    def __init__(self, parts: int, send: Send) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._next = iter(range(parts))
        self._cancels: set[Callable[[], None]] = set()
        self._answers: list[bytes] = [b""] * parts
        self._fault: BaseException | None = None

    def run(self, count: int, others: Executor) -> list[bytes]:
        """All answers in order, by ``count`` lanes. Raises the first fault, when no call runs any more."""
        started: list[Future[None]] = []
        with contextlib.suppress(RuntimeError):  # the container's limit of threads: then with fewer
            for _ in range(count - 1):
                started.append(others.submit(self._lane))  # noqa: PERF401  what was started counts
        try:
            self._lane()
        finally:
            for lane in started:
                if not lane.cancel():
                    lane.result()
        if self._fault is not None:
            raise self._fault
        return self._answers

    def hang_up(self) -> None:
        """The client is gone. Called by any thread."""
        self._stop(ClientGone("the client closed the connection"))

    def _lane(self) -> None:
        watch = self._watch()
        try:
            while (part := self._take()) is not None:
                self._answers[part] = self._send(part, watch)
        except BaseException as fault:  # noqa: BLE001  raised again in run()
            self._stop(fault)

    def _take(self) -> int | None:
        with self._lock:
            return None if self._fault is not None else next(self._next, None)

    def _stop(self, fault: BaseException) -> None:
        with self._lock:
            if self._fault is None:
                self._fault = fault
            for cancel in self._cancels:
                cancel()

    def _watch(self) -> Watch:
        """One lane's: where its call is registered while it runs."""
        mine: list[Callable[[], None]] = []

        def watch(cancel: Callable[[], None] | None) -> None:
            with self._lock:
                while mine:
                    self._cancels.discard(mine.pop())
                if cancel is None:
                    return
                mine.append(cancel)
                self._cancels.add(cancel)
                late = self._fault is not None
            if late:
                cancel()

        return watch
