"""Whether one model server is ready, and stays so: it loaded, it answers its warm-up, it is not hung.

Asked in threads of the supervisor. gRPC and numpy are loaded there, when there is somebody to ask.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from neuronserve.boot import files
from neuronserve.errors import NeuronserveError, NotReady
from neuronserve.settings import Settings
from neuronserve.supervise.process import Answer, Health

if TYPE_CHECKING:
    from neuronserve.modelserver.batching import Model
    from neuronserve.modelserver.launch import Launch
    from neuronserve.modelserver.probe import Probe
    from neuronserve.readiness.proof import Proof, Subject
    from neuronserve.readiness.watchman import Watchman

_PROBE_SECONDS = 2.0
_LOST = 3  # a server without its cores may live on, and answer that it is not available
_log = logging.getLogger("serve")


@dataclasses.dataclass(frozen=True)
class Standard:
    """By what servers are judged. ``golden``: a file of answers. ``board``: where workers count answers.

    ``models``: the names of all that are served, by whichever server.
    """

    settings: Settings
    golden: Path | None
    board: Path
    models: tuple[str, ...]


class Judge:
    """Of one server, over all its runs; ``begin()`` before each. ``error`` is why the last run was failed."""

    def __init__(self, launch: Launch, standard: Standard) -> None:
        self._launch = launch
        self._standard = standard
        self._versions: Mapping[str, Sequence[int]] = {m.name: m.versions for m in launch.models}
        self._socket = Path(launch.target.removeprefix("unix:"))
        self._probe: Probe | None = None
        self._run = object()
        self._watchman: Watchman | None = None
        self._lost = 0
        self.error: NeuronserveError | None = None
        self.serving = True  # a server that is ready has all its models
        self.models = tuple(model.name for model in launch.models)

    def ended(self) -> None:
        """The run is over: nothing has to be known of that before the next one."""

    def begin(self) -> None:
        """A new run: what the one before proved counts no more."""
        self._run, self._watchman, self.error = object(), None, None
        self._lost = 0

    def _went_away(self) -> bool:
        """Whether a server that broke off is taken for one that ended; not again and again."""
        self._lost += 1
        return self._lost < _LOST

    def __call__(self) -> Health:
        """The check of ``supervise/process.py``."""
        run = self._run
        if self._probe is None:
            if not self._socket.exists():
                return Answer(ready=False)
            from neuronserve.modelserver.probe import Probe

            self._probe = Probe(self._launch.target)
        available = self._probe.available(self._versions, _PROBE_SECONDS)
        if not available.ready:
            return available
        return self._proven(run) if self._watchman is None else self._watched(self._watchman)

    def _proven(self, run: object) -> Health:
        """Once in a run: its warm-up and its golden answers."""
        from neuronserve.readiness.proof import Proof

        launch, settings = self._launch, self._standard.settings
        proof = Proof(
            launch.target,
            [subject for model in launch.models for subject in _subjects(model, launch.copies)],
            warmup=settings.warmup,
            golden=self._standard.golden,
            deadline=settings.load_seconds,
            models=self._standard.models,
        )
        try:
            proven = proof.prove()
        except NeuronserveError as error:
            if isinstance(error.__cause__, NotReady) and self._went_away():
                return Answer(ready=False)  # why, its process tells
            if run is self._run:
                self.error = error
            return Answer(ready=False, failed=str(error))
        for warning in proven.warnings:
            _log.warning("model-server-%d: %s", launch.index, warning)
        if proven.sources:
            sources = ", ".join(proven.sources)
            _log.info("model-server-%d answered %d requests (%s)", launch.index, proven.answered, sources)
        if run is self._run:
            self._watchman = self._watch(proof, proven.seconds)
        return Answer(ready=True)

    def _watch(self, proof: Proof, typical: float) -> Watchman:
        from neuronserve.modelserver.board import BoardReader
        from neuronserve.readiness.canary import Canary
        from neuronserve.readiness.watchman import Watchman

        settings, index = self._standard.settings, self._launch.index
        canary = Canary(
            idle_seconds=settings.canary_seconds, hang_seconds=settings.hang_seconds, typical_seconds=typical
        )
        board = BoardReader(self._standard.board)
        return Watchman(proof, canary, lambda: board.completed(index))

    def _watched(self, watchman: Watchman) -> Health:
        gone = files.removed_socket(self._socket.parent, [self._socket.name])
        if gone:  # who is connected still reaches it; nobody else ever will
            return Answer(ready=False, failed=gone)
        hung = watchman.poll(time.monotonic())
        return Answer(ready=not hung, failed=hung)


def _subjects(model: Model, copies: int) -> list[Subject]:
    from neuronserve.readiness.proof import Subject

    compiled = {one.version: one for one in model.compiled}
    return [
        Subject(model.name, version, model.base_path / str(version), compiled.get(version), copies)
        for version in model.versions
    ]
