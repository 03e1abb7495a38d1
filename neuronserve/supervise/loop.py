"""One thread, one selector: file descriptors, timers, signals, and posts from other threads.

Signal handlers only enqueue; everything else happens in the loop's own thread, one callback after the
other, so that nothing in the supervisor needs a lock.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import heapq
import itertools
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
Callback = Callable[[], None]


@dataclasses.dataclass(order=True)
class Timer:
    """Something to do at ``when`` on the loop's clock, unless cancelled."""

    when: float
    order: int
    callback: Callback | None = dataclasses.field(compare=False)

    def cancel(self) -> None:
        self.callback = None


class Loop:
    """Runs until ``stop``; ``run`` returns what it was stopped with."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[Timer] = []
        self._order = itertools.count()
        self._posted: collections.deque[Callback] = collections.deque()
        self._result: int | None = None
        self._listening, self._waking = socket.socketpair()
        for end in (self._listening, self._waking):
            end.setblocking(False)
        self.on_readable(self._listening.fileno(), self._swallow)

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def on_readable(self, descriptor: int, callback: Callable[[], object]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, callback)

    def forget(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)

    def later(self, seconds: float, callback: Callback) -> Timer:
        timer = Timer(self.now() + seconds, next(self._order), callback)
        heapq.heappush(self._timers, timer)
        return timer

    def post(self, callback: Callback) -> None:
        """Have the loop call it soon. Safe in any thread, and in a signal handler."""
        self._posted.append(callback)
        with contextlib.suppress(OSError):  # full: it wakes the loop just as well; closed: nobody waits
            self._waking.send(b"\0")

    def on_signals(self, signals: Iterable[signal.Signals], callback: Callable[[int], None]) -> None:
        """Have the loop call ``callback(number)`` for each of these signals."""

        def enqueue(number: int, _frame: FrameType | None) -> None:
            self.post(functools.partial(callback, number))

        # without this, a signal that comes just before the selector sleeps would wait with it
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)
        for number in signals:
            signal.signal(number, enqueue)

    def background(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Do ``work``, which must not raise, in a thread of its own; then ``done(result)`` in the loop."""

        def run() -> None:
            self.post(functools.partial(done, work()))

        try:
            threading.Thread(target=run, daemon=True).start()
        except RuntimeError:  # the container's limit of processes is reached: later there may be room
            self.later(1.0, lambda: self.background(work, done))

    def run(self) -> int:
        while self._result is None:
            for key, _ in self._selector.select(self._idle()):
                key.data()
            self._due()
        return self._result

    def stop(self, result: int) -> None:
        self._result = result

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._listening.close()
        self._waking.close()

    def _idle(self) -> float | None:
        """How long there is nothing to do, as far as is known; None: no end is known."""
        if self._posted:
            return 0
        return max(0.0, self._timers[0].when - self.now()) if self._timers else None

    def _due(self) -> None:
        for _ in range(len(self._posted)):
            self._posted.popleft()()
        while self._timers and self._timers[0].when <= self.now():
            callback = heapq.heappop(self._timers).callback
            if callback:
                callback()

    def _swallow(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._listening.recv(4096):
                pass
