"""The models of one server: which it shall serve, which it serves, and how one becomes the other.

All in the loop's thread; what takes time is a *task* in a thread of its own, one at a time, because a server
takes one list after the other. A task is told the whole list, as the server is.

Each run of the server begins without models. Those that were loaded come back first, all in one task, and
until they are there the server is not ``complete``; loads under way follow. When the server dies in a task,
its models are suspects: they are tried again one by one, and one with which it dies alone, and not for the
first time, is given up: one model must not keep all others from being served.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from neuronserve.compiled import Compiled
from neuronserve.errors import LoadFailed, NeuronserveError
from neuronserve.supervise.loop import Loop

_AGAIN = 0.5  # seconds until a server is asked again that did not answer, or did not drop a model
_DEATHS = 2  # of the server while a model was loaded into it, the last one alone
_log = logging.getLogger("serve")

Done = Callable[[NeuronserveError | None], None]


@dataclasses.dataclass(frozen=True)
class Placed:
    """A model for a server. ``copies``: batches at once there. ``golden``: its own golden answers."""

    name: str
    base_path: Path
    versions: tuple[int, ...]
    compiled: tuple[Compiled, ...] = ()
    copies: int = 1
    golden: Path | None = None


@dataclasses.dataclass(frozen=True)
class Task:
    """The whole list, and of it what is new; and what the server shall drop."""

    models: tuple[Placed, ...]
    added: tuple[Placed, ...]
    removed: tuple[Placed, ...]


Outcomes = Mapping[str, NeuronserveError | None]  # of each that was added or removed
Work = Callable[[Task], Outcomes | None]  # None: the server went away


class Roster:
    """``changed()`` when what it serves did; ``lost(name, error)`` for a model that does not come back.

    ``there``: what the server serves and was proven to; any thread may look.
    """

    def __init__(
        self,
        loop: Loop,
        work: Work,
        *,
        label: str,
        changed: Callable[[], None],
        lost: Callable[[str, NeuronserveError], None],
    ) -> None:
        self._loop = loop
        self._work = work
        self._label = label
        self._changed = changed
        self._lost = lost
        self._run: object | None = None
        self._task: Task | None = None
        self._careful = False
        self._deaths: dict[str, int] = {}
        self._wanted: dict[str, Placed] = {}
        self._listed: dict[str, Placed] = {}  # what the server was told, whatever became of it
        self._there: dict[str, Placed] = {}  # what it serves, warm
        self.there: tuple[Placed, ...] = ()
        self._given_up: set[str] = set()  # what it cannot serve, until that is taken off its list
        self._arriving: dict[str, Done] = {}
        self._leaving: dict[str, Done] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What it shall serve, without loads that are under way."""
        return tuple(
            name for name in self._wanted if name not in self._arriving and name not in self._given_up
        )

    @property
    def complete(self) -> bool:
        """Whether it has all that it had before it was started again."""
        return self._run is not None and all(name in self._there for name in self.names)

    def add(self, placed: Placed, done: Done) -> None:
        """Serve this too. ``done`` once: when it is warm, or why it never will be; then ``remove`` it."""
        self._wanted[placed.name] = placed
        self._arriving[placed.name] = done
        self._next()

    def remove(self, name: str, done: Done) -> None:
        """Serve this no more. ``done`` once, when its memory is free. Its own ``add`` is not answered."""
        self._wanted.pop(name, None)
        self._arriving.pop(name, None)
        self._deaths.pop(name, None)
        self._given_up.discard(name)
        self._leaving[name] = done
        self._show()
        self._next()
        self._left()

    def up(self, run: object) -> None:
        """The server answers, and has no model."""
        self._run = run
        self._next()
        self._changed()

    def down(self) -> None:
        """The server ended: what it had is gone with it."""
        task, self._run, self._task = self._task, None, None
        self._listed.clear()
        self._there.clear()
        self._show()
        if task:
            self._suspect(task.added)
        self._left()

    def _next(self) -> None:
        """Begin a task where there is something to do."""
        if self._run is None or self._task is not None:
            return
        removed = tuple(placed for name, placed in self._listed.items() if self._wanted.get(name) != placed)
        added = self._batch()
        if not (added or removed):
            return
        again = {placed.name for placed in removed}
        # a name that goes and comes must have gone first
        added = tuple(placed for placed in added if placed.name not in again)
        kept = tuple(placed for placed in self._listed.values() if placed not in (*removed, *added))
        self._task = task = Task((*kept, *added), added, removed)
        self._listed |= {placed.name: placed for placed in added}
        self._loop.background(
            functools.partial(self._work, task), functools.partial(self._did, self._run, task)
        )

    def _batch(self) -> tuple[Placed, ...]:
        """What comes next: all that it had, then loads under way; suspects last, and alone."""
        settled = self._there.keys() | self._given_up
        lacking = [placed for name, placed in self._wanted.items() if name not in settled]
        had = [placed for placed in lacking if placed.name not in self._arriving]
        if not had:
            self._careful = False
        if had and not self._careful:
            return tuple(had)
        lacking = sorted(had or lacking, key=lambda placed: self._deaths.get(placed.name, 0))
        fresh = [placed for placed in lacking if not self._deaths.get(placed.name)]
        return tuple(fresh if fresh and not had else lacking[:1])

    def _did(self, run: object, task: Task, outcomes: Outcomes | None) -> None:
        if run is not self._run:
            return  # about a run that is over
        self._task = None
        if outcomes is None:  # it ends now, or is found to hang; or it was busy for a moment
            self._loop.later(_AGAIN, self._next)
            return
        for placed in task.removed:
            error = outcomes.get(placed.name)
            if error is None:
                del self._listed[placed.name]
                self._there.pop(placed.name, None)
            else:
                _log.warning("%s: %s", self._label, error)
        for placed in task.added:
            self._arrived(placed, outcomes.get(placed.name))
        self._left()
        self._show()
        if any(outcomes.get(placed.name) for placed in task.removed):
            self._loop.later(_AGAIN, self._next)  # a server that refuses at once is not asked all the time
        else:
            self._next()
        self._changed()

    def _show(self) -> None:
        self.there = tuple(placed for name, placed in self._there.items() if name in self._wanted)

    def _arrived(self, placed: Placed, error: NeuronserveError | None) -> None:
        if error is None:
            self._there[placed.name] = placed
            self._deaths.pop(placed.name, None)
        if self._wanted.get(placed.name) != placed:
            return  # it was taken back meanwhile
        if error is None:
            if done := self._arriving.pop(placed.name, None):
                done(None)
        else:
            self._failed(placed.name, error)

    def _failed(self, name: str, error: NeuronserveError) -> None:
        self._given_up.add(name)
        if done := self._arriving.pop(name, None):
            done(error)
        else:
            self._lost(name, error)

    def _left(self) -> None:
        for name in [name for name in self._leaving if name not in self._listed]:
            self._leaving.pop(name)(None)

    def _suspect(self, added: tuple[Placed, ...]) -> None:
        """The server died while these were loaded."""
        for placed in added:
            if placed.name not in self._wanted:
                continue
            self._deaths[placed.name] = deaths = self._deaths.get(placed.name, 0) + 1
            if len(added) == 1 and deaths >= _DEATHS:
                why = f"the model server ended {deaths} times while model {placed.name!r} was loaded"
                self._failed(placed.name, LoadFailed(why, hint="it may take more memory than there is"))
        self._careful = any(placed.name not in self._arriving for placed in added)
