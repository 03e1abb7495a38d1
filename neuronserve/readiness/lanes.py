"""One request, sent several times at the same moment, so that every copy of a model gets one to run.

A process that places copies of a model on its NeuronCores runs as many batches at once as it has copies; one
call after the other may meet the same copy each time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from neuronserve.errors import DeadlineExceeded, NeuronserveError, Overloaded
from neuronserve.modelserver.client import Client, Lost

_IN_FLIGHT = 256 << 20  # bytes of one request's copies under way at once
_BUSY_PAUSE = 0.05  # seconds until a server whose queue was full is asked again
_Call = tuple[str, bytes]


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """An answer and how long it took, in seconds; or the fault that came instead."""

    body: bytes
    seconds: float
    fault: Exception | None = None


class Lanes:
    """The calling thread and as many others as are wanted. ``seconds``: how long an answer may take.

    The threads are daemons: a start that is given up waits for none of them.
    """

    def __init__(self, target: str, seconds: float) -> None:
        self._client = Client(target)
        self._seconds = seconds
        self._others: list[SimpleQueue[_Call | None]] = []
        self._replies: SimpleQueue[Reply] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for other in self._others:
            other.put(None)
        self._client.channel().cancel()

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """For a while answers may take so long at most, and no more than a quarter of what they else may."""
        before, self._seconds = self._seconds, min(seconds, self._seconds / 4)
        try:
            yield
        finally:
            self._seconds = before

    def ask(self, method: str, message: bytes, copies: int = 1) -> list[Reply]:
        """``copies`` replies to the same message, sent at once as far as memory and threads go.

        Raises the first fault, after all have come back.
        """
        at_once = max(1, min(copies, _IN_FLIGHT // max(1, len(message))))
        replies: list[Reply] = []
        while len(replies) < copies:
            replies += self._wave(method, message, min(at_once, copies - len(replies)))
            for reply in replies:
                if reply.fault is not None:
                    raise reply.fault
        return replies

    def _wave(self, method: str, message: bytes, count: int) -> list[Reply]:
        others = self._threads(count - 1)
        for other in others:
            other.put((method, message))
        mine = self._send(method, message)
        return [mine, *(self._replies.get() for _ in others)]

    def _threads(self, count: int) -> list[SimpleQueue[_Call | None]]:
        """``count`` threads' queues; fewer where the container's limit of processes is reached."""
        while len(self._others) < count:
            calls: SimpleQueue[_Call | None] = SimpleQueue()
            try:
                threading.Thread(target=self._serve, args=(calls,), daemon=True).start()
            except RuntimeError:
                break
            self._others.append(calls)
        return self._others[:count]

    def _serve(self, calls: SimpleQueue[_Call | None]) -> None:
        while (call := calls.get()) is not None:
            self._replies.put(self._send(*call))
        self._client.channel().cancel()

    def _send(self, method: str, message: bytes) -> Reply:
        """Never raises: somebody waits for what comes back."""
        try:
            return self._answered(method, message)
        except Exception as fault:  # noqa: BLE001  raised again in ask(), whatever it is
            return Reply(b"", 0.0, fault)

    def _answered(self, method: str, message: bytes) -> Reply:
        end = time.monotonic() + self._seconds
        while True:
            began = time.monotonic()
            try:
                body = self._client.call(method, message, max(_BUSY_PAUSE, end - began))
            except DeadlineExceeded:
                raise DeadlineExceeded(f"the model did not answer within {self._seconds:g} s") from None
            except NeuronserveError as fault:
                if not _queue_full(fault) or began >= end:
                    raise
                time.sleep(_BUSY_PAUSE)
            else:
                return Reply(body, time.monotonic() - began)


def _queue_full(fault: NeuronserveError) -> bool:
    """Whether it has more to do than it may queue, which passes; TensorFlow Serving says UNAVAILABLE then."""
    return isinstance(fault, Overloaded) or (isinstance(fault, Lost) and "queue" in fault.detail)
