"""The parts of one request, sent by several threads at the same time.

Each lane takes the next part when its last one is answered, so no more are under way than there are lanes,
and a slow server gets fewer. The thread that asks is one of the lanes: it gets on when all others are busy.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from typing import cast

from neuronserve.errors import ClientGone

Watch = Callable[[Callable[[], None] | None], None]
Send = Callable[[int, Watch], bytes]  # a part's number, and who is told how to cancel its call


class Lanes:
    """One request's parts. The first fault ends them all, as does the client who leaves."""

    def __init__(self, parts: int, send: Send) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._all_back = threading.Condition(self._lock)
        self._next = iter(range(parts))
        self._under_way = 0
        self._cancels: set[Callable[[], None]] = set()
        self._answers: list[bytes | None] = [None] * parts
        self._fault: BaseException | None = None

    def run(self, count: int, others: Executor) -> list[bytes]:
        """All answers in order, by ``count`` lanes. Raises the first fault, when no call runs any more."""
        self._open(count - 1, others)
        self._lane()
        self._all_home()
        if self._fault is not None:
            raise self._fault
        return cast("list[bytes]", self._answers)

    def each(self, count: int, others: Executor) -> Generator[list[bytes], None, None]:
        """The answers in order, by ``count`` lanes: at each turn those that are there and follow the last.

        Raises the first fault in the place of an answer. When it ends, or is closed before its end, no call
        runs any more.
        """
        self._open(count, others)
        try:
            at = 0
            while at < len(self._answers):
                found = self._following(at)
                at += len(found)
                yield found
        finally:
            self._stop(ClientGone("the answer is not wanted any more"))
            self._all_home()

    def hang_up(self) -> None:
        """The client is gone. Called by any thread."""
        self._stop(ClientGone("the client closed the connection"))

    def _open(self, count: int, others: Executor) -> None:
        """``count`` lanes in other threads."""
        with contextlib.suppress(RuntimeError):  # the container's limit of threads: then with fewer
            for _ in range(count):
                # one that is refused for want of a thread is in the executor's queue all the same, and may
                # begin at any time: it must neither be missed here, nor keep the answers for as long
                others.submit(_ride, weakref.ref(self))

    def _lane(self) -> None:
        watch = self._watch()
        while (part := self._take()) is not None:
            self._ride(part, watch)

    def _ride(self, part: int, watch: Watch) -> None:
        try:
            self._answers[part] = self._send(part, watch)
        except BaseException as fault:  # noqa: BLE001  raised again by the thread that asks
            self._stop(fault)
        finally:
            self._came_back()

    def _following(self, at: int) -> list[bytes]:
        """The answers from part ``at`` on, at least one; they are not kept.

        The thread that asks waits for it, and sends the part itself when no other lane is under way.
        """
        while True:
            with self._all_back:
                self._all_back.wait_for(lambda: self._answers[at] is not None or not self._under_way)
                if self._fault is not None:
                    raise self._fault
                if self._answers[at] is not None:
                    return self._taken(at)
                part = next(self._next)
                self._under_way += 1
            self._ride(part, self._watch())

    def _taken(self, at: int) -> list[bytes]:
        found = []
        while at < len(self._answers) and (answer := self._answers[at]) is not None:
            found.append(answer)
            self._answers[at] = None
            at += 1
        return found

    def _all_home(self) -> None:
        with self._all_back:
            self._all_back.wait_for(lambda: not self._under_way)

    def _take(self) -> int | None:
        with self._lock:
            part = None if self._fault is not None else next(self._next, None)
            self._under_way += part is not None
            return part

    def _came_back(self) -> None:
        with self._lock:
            self._under_way -= 1
            self._all_back.notify()

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


def _ride(request: weakref.ref[Lanes]) -> None:
    """A lane in another thread; nothing when the request has ended already."""
    lanes = request()
    if lanes is not None:
        lanes._lane()  # noqa: SLF001  of this module
