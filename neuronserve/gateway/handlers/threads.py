"""Handlers run in threads of their own, so that a request can end when its time is up.

A thread cannot be ended from outside: one whose handler runs over its time goes on, and is counted, until
the handler returns. A worker that has many of them is replaced by gunicorn, which ends them with it; until
then it refuses requests for handlers.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from neuronserve.errors import ClientGone, DeadlineExceeded, Overloaded
from neuronserve.modelserver.lanes import Watch

MOST_OVER = 8  # handlers of one worker that run over their time
_log = logging.getLogger("neuronserve.gateway")

Work = Callable[[Watch], Any]


class Threads:
    """Of one worker. ``overran``: called for each that runs over; ``full``: when there are too many."""

    def __init__(self, overran: Callable[[], None], full: Callable[[], None]) -> None:
        self._overran = overran
        self._full = full
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[_Run]] = []
        self._over = 0

    @property
    def over(self) -> int:
        """Handlers that run longer than their requests were waited for."""
        return self._over

    def run(self, work: Work, seconds: float, watch: Watch) -> Any:
        """What ``work`` returns or raises. ``work`` is told how to have its calls cancelled.

        DeadlineExceeded when it takes longer than ``seconds``, ClientGone when the client left meanwhile,
        Overloaded when too many are stuck.
        """
        if self._over >= MOST_OVER:
            raise Overloaded("too many handlers of the model run over their time", hint="try again")
        run = _Run(work)
        self._hand_over(run)
        watch(run.hang_up)
        try:
            ended = run.ended.wait(max(0.0, seconds))
        finally:
            watch(None)
        if not ended and self._give_up(run):
            raise DeadlineExceeded("the model's own code did not answer in time")
        if run.gone:
            raise ClientGone("the client closed the connection")
        if run.fault is not None:
            raise run.fault
        return run.result

    def _hand_over(self, run: _Run) -> None:
        with self._lock:
            queue = self._idle.pop() if self._idle else None
        if queue is None:
            queue = SimpleQueue()
            # no thread may keep the worker from ending
            threading.Thread(target=self._live, args=(queue,), name="handler", daemon=True).start()
        queue.put(run)

    def _live(self, queue: SimpleQueue[_Run]) -> None:
        while True:
            run = queue.get()
            run()
            with self._lock:
                self._over -= run.over
                run.done = True
                self._idle.append(queue)
            run.ended.set()
            del run  # and with it the request's body

    def _give_up(self, run: _Run) -> bool:
        """Whether it still runs; it is counted from now on."""
        with self._lock:
            if run.done:
                return False
            run.over = True
            self._over += 1
            full = self._over == MOST_OVER
        run.cancel()
        self._overran()
        if full:
            _log.error("%d handlers run over their time and cannot be ended: a new worker comes", MOST_OVER)
            self._full()
        return True


class _Run:
    """One request's."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._cancel: Callable[[], None] | None = None
        self.ended = threading.Event()
        self.result: Any = None
        self.fault: BaseException | None = None
        self.gone = self.over = self.done = self.cancelled = False

    def __call__(self) -> None:
        try:
            self.result = self._work(self._watch)
        except BaseException as fault:  # noqa: BLE001  raised in the thread that waits
            self.fault = fault

    def hang_up(self) -> None:
        """The client is gone: a call to the model is cancelled; the handler itself runs to its end."""
        self.gone = True
        self.cancel()

    def cancel(self) -> None:
        with self._lock:
            self.cancelled = True
            cancel = self._cancel
        if cancel is not None:
            cancel()

    def _watch(self, cancel: Callable[[], None] | None) -> None:
        with self._lock:
            self._cancel = cancel
            late = self.cancelled and cancel is not None
        if late and cancel is not None:
            cancel()
