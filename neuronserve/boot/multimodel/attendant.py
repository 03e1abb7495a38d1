"""The judge of one server whose models come and go: it answers, it has its models, it is not hung.

Asked in threads, as ``boot/judge.py`` is; what it learns goes to the roster by the loop. gRPC and numpy are
loaded there, when there is a server to ask.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from neuronserve.boot.judge import Standard
from neuronserve.boot.multimodel.roster import Outcomes, Placed, Roster, Task
from neuronserve.errors import NeuronserveError
from neuronserve.supervise.loop import Loop
from neuronserve.supervise.process import Answer, Health

if TYPE_CHECKING:
    from neuronserve.modelserver.client import Client
    from neuronserve.modelserver.launch import Launch
    from neuronserve.readiness.watchman import Watchman

_PROBE_SECONDS = 2.0
_log = logging.getLogger("serve")


class Attendant:
    """Of one server, over all its runs; ``begin()`` before each, ``ended()`` after it.

    ``roster``: its models. Their faults are told to who loads them: the server itself has none (``error``).
    """

    def __init__(
        self,
        loop: Loop,
        launch: Launch,
        standard: Standard,
        *,
        changed: Callable[[], None],
        lost: Callable[[str, NeuronserveError], None],
    ) -> None:
        self._loop = loop
        self._launch = launch
        self._standard = standard
        self._client: Client | None = None
        self._run = object()
        self._told: object | None = None  # the run of which the roster knows
        self._watched: tuple[Placed, ...] | None = None
        self._watchman: Watchman | None = None
        self._slowest = 0.0  # seconds, of warm answers so far
        self._label = f"model-server-{launch.index}"
        self.error: NeuronserveError | None = None
        self.roster = Roster(loop, self._work, label=self._label, changed=changed, lost=lost)

    @property
    def serving(self) -> bool:
        """Whether it has all its models; until then a server that answers serves nobody."""
        return self.roster.complete

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(sorted(self.roster.names))

    def begin(self) -> None:
        """A new run."""
        self.ended()

    def ended(self) -> None:
        """Its process is gone, or not there yet."""
        self._run, self._watched, self._watchman = object(), None, None
        self.roster.down()

    def __call__(self) -> Health:
        run = self._run
        client = self._asked()
        if client is None:
            return Answer(ready=False)
        from neuronserve.modelserver import reload

        if not reload.answers(client, _PROBE_SECONDS):
            return Answer(ready=False)
        if self._told is not run:
            self._told = run
            self._loop.post(lambda: self._up(run))
        hung = self._hung()
        return Answer(ready=not hung, failed=hung)

    def _asked(self) -> Client | None:
        if self._client is None and Path(self._launch.target.removeprefix("unix:")).exists():
            from neuronserve.modelserver.client import Client

            self._client = Client(self._launch.target)
        return self._client

    def _up(self, run: object) -> None:
        if run is self._run:
            self.roster.up(run)

    def _work(self, task: Task) -> Outcomes | None:
        from neuronserve.boot.multimodel import settling

        try:
            settled = settling.settle(self._launch.target, self._label, self._standard.settings, task)
        except Exception:  # noqa: BLE001  a fault here must not leave loads without an answer
            _log.exception("%s: its models could not be changed", self._label)
            from neuronserve.errors import LoadFailed

            failed = LoadFailed("the model could not be loaded", hint="see the log")
            return {placed.name: failed for placed in (*task.added, *task.removed)}
        if settled is None:
            return None
        self._slowest = max(self._slowest, settled.seconds)
        return settled.outcomes

    def _hung(self) -> str:
        """Why it counts as hung; the canary asks what is there now."""
        there = self.roster.there
        if there != self._watched:
            self._watched = there
            self._watchman = self._watch(there) if there else None
        return self._watchman.poll(time.monotonic()) if self._watchman else ""

    def _watch(self, there: tuple[Placed, ...]) -> Watchman:
        from neuronserve.boot.multimodel import settling
        from neuronserve.modelserver.board import BoardReader
        from neuronserve.readiness.canary import Canary
        from neuronserve.readiness.watchman import Watchman

        settings, index = self._standard.settings, self._launch.index
        canary = Canary(
            idle_seconds=settings.canary_seconds,
            hang_seconds=settings.hang_seconds,
            typical_seconds=self._slowest,
        )
        board = BoardReader(self._standard.board)
        proof = settling.proof_of(self._launch.target, settings, there, golden=False)
        return Watchman(proof, canary, lambda: board.completed(index))
