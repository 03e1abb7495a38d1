"""The orderly stop: polite refusals, nginx, gunicorn, model servers, each after the other.

By the time it begins, the state says ``draining`` and nginx refuses what arrives from then on. Listening
goes on while clients are connected, for a moment at most, because a refusal with words, which ends its
connection, is better than a connection that breaks. Then nginx closes its doors and ends when its last
request is answered. Nothing is in flight after that.
"""

from __future__ import annotations

import dataclasses
import functools
import signal
from collections.abc import Callable, Sequence

from neuronserve.supervise.children import Exit
from neuronserve.supervise.loop import Loop
from neuronserve.supervise.process import Process

_POLITE = 2.0  # seconds, at most, of refusing with words
_POLL = 0.05
_GATEWAY_GRACE = 2.0  # it has nothing to do any more
_SERVER_GRACE = 0.3  # TensorFlow Serving ignores SIGTERM, so there is no point in waiting long
_RESERVE = 2.0  # of the budget, for all that comes after nginx
_LEAST = 0.5  # seconds that nginx gets in any case: it needs some to end at all


@dataclasses.dataclass(frozen=True)
class Parts:
    """What is to be stopped."""

    front: Process
    gateway: Process
    servers: Sequence[Process]
    connections: Callable[[], int | None]  # that clients hold; asking may take a moment


class Drain:
    """``ended(lost)`` is called at the end: whether requests in flight were given up."""

    def __init__(self, loop: Loop, parts: Parts, budget: float, ended: Callable[[bool], None]) -> None:
        self._loop = loop
        self._parts = parts
        self._ended = ended
        self._lost = False
        now = loop.now()
        self._deadline = now + max(_LEAST, budget - _RESERVE)
        self._polite_until = min(now + _POLITE, now + budget / 4)

    def begin(self) -> None:
        self._ask()

    def _ask(self) -> None:
        self._loop.background(self._parts.connections, self._told)

    def _told(self, connections: int | None) -> None:
        if connections and self._loop.now() < self._polite_until:
            self._loop.later(_POLL, self._ask)
            return
        grace = max(0.0, self._deadline - self._loop.now())
        self._parts.front.stop(signal.SIGQUIT, grace, self._front_ended)

    def _front_ended(self, exit_: Exit | None) -> None:
        self._lost = exit_ is not None and exit_.code == -signal.SIGKILL
        self._parts.gateway.stop(signal.SIGTERM, _GATEWAY_GRACE, self._gateway_ended)

    def _gateway_ended(self, _exit: Exit | None) -> None:
        stop_together(
            self._parts.servers, signal.SIGTERM, _SERVER_GRACE, functools.partial(self._ended, self._lost)
        )


def stop_together(
    processes: Sequence[Process], how: signal.Signals, grace: float, ended: Callable[[], None]
) -> None:
    """Stop them all at once; ``ended`` when the last one has ended."""
    left = {process.name for process in processes}

    def one_ended(name: str, _exit: Exit | None) -> None:
        left.discard(name)
        if not left:
            ended()

    if not processes:
        ended()
    for process in processes:
        process.stop(how, grace, functools.partial(one_ended, process.name))
