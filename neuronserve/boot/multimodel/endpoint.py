"""The story of each load and unload, told in the loop's thread.

::

    load    named -> looked into, by a child -> booked, or no room -> into its servers, warm -> in the state
    unload  out of the state -> its requests have ended -> out of its servers -> its room is free

A load that fails anywhere goes back the way it came, and is answered when nothing is left of it. One name has
one story at a time: what comes meanwhile waits for it, except an unload of what is being unloaded, which
shares its answer. So a load that is asked for again, by a client whose connection broke, say, is
AlreadyLoaded when the model is there and not before, and begins anew when the first one failed.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuronserve import state as states
from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.boot.multimodel import asked, sizes
from neuronserve.boot.multimodel.asked import Asked
from neuronserve.boot.multimodel.control import Done
from neuronserve.boot.multimodel.getting import Getting, Order
from neuronserve.boot.multimodel.ledger import Entry, Ledger, Phase
from neuronserve.boot.multimodel.room import Needs, Room
from neuronserve.boot.multimodel.roster import Placed, Roster
from neuronserve.errors import LoadFailed, NeuronserveError, NotReady, SettingsError, UnknownTarget
from neuronserve.modelserver.sizing import sized
from neuronserve.neuron import layout, ownership
from neuronserve.readiness import GOLDEN_FILE
from neuronserve.settings import Settings
from neuronserve.supervise.loop import Loop

UNLOAD_SECONDS = 330.0  # SageMaker waits 360 for an unload
_HELD_POLL = 0.02
FOLDER = "models"  # in the runtime folder: a folder for each load
_log = logging.getLogger("serve")


@dataclasses.dataclass(frozen=True)
class Parts:
    """What an endpoint works with. ``held``: requests in flight for the model in a slot of the board.

    ``changed()``: models or their servers did, and the state is to be written. ``published()``: as it stands
    written, which is an older one where the disk is full.
    """

    settings: Settings
    runtime: Path
    getting: Getting
    rosters: Mapping[int, Roster]
    held: Callable[[int], int]
    changed: Callable[[], None]
    published: Callable[[], states.State]


@dataclasses.dataclass
class _Load:
    """A load that was booked: on which servers it is not decided yet, and what went wrong on others."""

    entry: Entry
    model: states.Model
    left: set[int]
    faults: list[NeuronserveError] = dataclasses.field(default_factory=list)


class Endpoint:
    def __init__(self, loop: Loop, parts: Parts, room: Room) -> None:
        self._loop = loop
        self._parts = parts
        self._room = room
        self._ledger = Ledger()
        self._answers: dict[str, list[Done]] = collections.defaultdict(list)  # of the story under way
        self._loads: dict[str, _Load] = {}
        self._waiting: dict[str, collections.deque[tuple[Asked, Done]]] = {}
        self._stopped = False

    # --- what is asked

    def handle(self, line: bytes, done: Done) -> None:
        """A line of the control socket. Raises NeuronserveError for what is wrong at once."""
        if self._stopped:
            raise _stopping()
        self._take(asked.parse(line, self._parts.settings.models_dir), done)

    def stop(self) -> None:
        """Abandon what is under way: loads and unloads are answered that the service stops."""
        self._stopped = True
        self._parts.getting.stop()
        waiting = [done for queue in self._waiting.values() for _, done in queue]
        self._waiting.clear()
        for name in list(self._answers):
            self._answer(name, _stopping())
        for done in waiting:
            done(_stopping())

    @property
    def models(self) -> tuple[states.Model, ...]:
        """Those that answer requests."""
        return self._ledger.models

    def owned(self, told: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """The ownership map with the models as they are now."""
        if told is None:
            return None
        servers = {
            index: sorted(entry.name for entry in self._loaded() if index in entry.servers)
            for index in self._parts.rosters
        }
        return ownership.with_models(told, servers)

    def lost(self, name: str, error: NeuronserveError) -> None:
        """A server that came back could not load a model any more: it is taken off everywhere."""
        entry = self._ledger.get(name)
        if name in self._loads:  # it had come to this server, and not to another yet
            self._loads[name].faults.append(error)
        if entry is None or entry.phase is not Phase.LOADED or self._stopped:
            return
        _log.error("model %s is unloaded: it could not be loaded again: %s", name, error.detail or error)
        self._unload(entry)

    def _take(self, request: Asked, done: Done) -> None:
        phase = self._ledger.phase(request.name)
        if queue := self._waiting.get(request.name):
            queue.append((request, done))
        elif phase is Phase.LOADING or (phase is Phase.UNLOADING and request.do == asked.LOAD):
            self._later(request, done)
        elif request.do == asked.LOAD:
            self._load(request, done)
        else:
            self._begin_unload(request.name, done)

    def _later(self, request: Asked, done: Done) -> None:
        self._waiting.setdefault(request.name, collections.deque()).append((request, done))

    def _next(self, name: str) -> None:
        """A story ended: the one that waited for it begins."""
        queue = self._waiting.pop(name, None)
        while queue:
            request, done = queue.popleft()
            try:
                self._take(request, done)
            except NeuronserveError as error:
                done(error)
            if self._ledger.phase(name) in (Phase.LOADING, Phase.UNLOADING):
                break
        if queue:
            self._waiting[name] = queue

    def _answer(self, name: str, error: NeuronserveError | None) -> None:
        for done in self._answers.pop(name, ()):
            done(error)

    # --- a load

    def _load(self, request: Asked, done: Done) -> None:
        entry = self._ledger.begin(request.name, request.url, request.folder)
        self._answers[entry.name].append(done)
        _log.info("model %s: loading %s", entry.name, entry.folder)
        self._parts.getting.get(
            Order(
                entry.name,
                entry.folder,
                self._work(entry),
                got=functools.partial(self._got, entry),
                failed=functools.partial(self._failed, entry),
            )
        )

    def _got(self, entry: Entry, bundle: Bundle) -> None:
        if self._stopped:
            return
        (model,) = bundle.models
        self._loop.background(
            functools.partial(sizes.measure, model), functools.partial(self._measured, entry, bundle)
        )

    def _measured(self, entry: Entry, bundle: Bundle, found: Needs | Exception) -> None:
        if self._stopped:
            return
        try:
            if not isinstance(found, Needs):
                raise _unmeasured(entry, found)
            servable = servable_as(bundle.models[0], self._parts.settings)
            self._room = self._room.book(found)
        except NeuronserveError as error:
            self._failed(entry, error)
            return
        servers = self._room.booked[entry.name].servers
        model = states.Model(
            entry.name, servable.versions, servable.compiled, bundle.code, bundle.packages, bundle.model_dir,
            url=entry.url, slot=entry.slot, loaded=entry.number,
        )  # fmt: skip
        self._loads[entry.name] = load = _Load(entry, model, set(servers))
        for server in servers:
            memory = self._room.servers[server]
            copies = layout.copies(found.demand.need, memory.cores) if memory else 1
            placed = Placed(
                entry.name, servable.base_path, servable.versions, servable.compiled, copies, _golden(bundle)
            )
            self._parts.rosters[server].add(placed, functools.partial(self._settled, load, server))

    def _settled(self, load: _Load, server: int, error: NeuronserveError | None) -> None:
        """One server has it, or failed; with the last one the load is decided."""
        load.left.discard(server)
        load.faults += [error] if error else []
        if load.left or self._stopped:
            return
        entry = load.entry
        del self._loads[entry.name]
        servers = self._room.booked[entry.name].servers
        if load.faults:
            self._leave(entry.name, servers, lambda: self._failed(entry, load.faults[0]))
            return
        self._ledger.loaded(entry.name, load.model, servers)
        self._parts.changed()
        versions, where = list(load.model.versions), ", ".join(map(str, servers))
        _log.info("model %s is loaded, versions %s, on server %s", entry.name, versions, where)
        self._answer(entry.name, None)
        self._next(entry.name)

    def _failed(self, entry: Entry, error: NeuronserveError) -> None:
        """No server has it any more: nothing is left of the load, and it can be tried again at once."""
        _log.warning("model %s could not be loaded: %s", entry.name, error.detail or error)
        self._end(entry, error)

    # --- an unload

    def _begin_unload(self, name: str, done: Done) -> None:
        entry = self._ledger.get(name)
        if entry is None:
            raise UnknownTarget(f"model {name!r} is not loaded")
        self._answers[name].append(done)
        self._loop.later(UNLOAD_SECONDS, functools.partial(self._too_slow, entry.number, name))
        if entry.phase is Phase.LOADED:
            self._unload(entry)

    def _unload(self, entry: Entry) -> None:
        _log.info("model %s: unloading", entry.name)
        self._ledger.unloading(entry.name)
        self._parts.changed()
        self._await_requests(entry)

    def _await_requests(self, entry: Entry) -> None:
        """Workers hold a model before they look whether it is there: after the state, nobody new does."""
        if self._stopped:
            return
        told = entry.name in self._parts.published().by_name  # it could not be written yet
        if told or self._parts.held(entry.slot):
            self._loop.later(_HELD_POLL, functools.partial(self._await_requests, entry))
            return
        self._leave(entry.name, entry.servers, lambda: self._unloaded(entry))

    def _unloaded(self, entry: Entry) -> None:
        _log.info("model %s is unloaded", entry.name)
        self._end(entry, None)

    def _too_slow(self, number: int, name: str) -> None:
        entry = self._ledger.get(name)
        if entry is None or entry.number != number or entry.phase is not Phase.UNLOADING:
            return
        held = self._parts.held(entry.slot)
        why = f"{held} of its requests have not ended" if held else "its servers have not dropped it"
        text = f"model {name!r} is not unloaded after {UNLOAD_SECONDS:g} s: {why}"
        self._answer(name, LoadFailed(text, hint="it goes on; ask again"))

    # --- the end of either

    def _leave(self, name: str, servers: Sequence[int], then: Callable[[], None]) -> None:
        """Have these servers drop it; ``then`` when the last one has."""
        left = set(servers)

        def dropped(server: int, _error: NeuronserveError | None) -> None:
            left.discard(server)
            if not left and not self._stopped:
                then()

        for server in servers:
            self._parts.rosters[server].remove(name, functools.partial(dropped, server))

    def _end(self, entry: Entry, error: NeuronserveError | None) -> None:
        """Name, slot and room are free; the answer when the folder is gone, too."""
        if self._stopped:
            return
        work = self._work(entry)
        self._loop.background(
            functools.partial(shutil.rmtree, work, ignore_errors=True),
            lambda _: self._ended(entry, error),
        )

    def _ended(self, entry: Entry, error: NeuronserveError | None) -> None:
        self._room = self._room.free(entry.name)
        self._ledger.forget(entry.name)
        self._parts.changed()
        self._answer(entry.name, error)
        self._next(entry.name)

    def _work(self, entry: Entry) -> Path:
        return self._parts.runtime / FOLDER / str(entry.number)

    def _loaded(self) -> list[Entry]:
        return [entry for entry in self._ledger if entry.phase is Phase.LOADED]


def servable_as(model: BundledModel, settings: Settings) -> BundledModel:
    """The model with the batches that are served. Raises LoadFailed where settings do not fit it."""
    fixed = any(not batch.dynamic for one in model.compiled for batch in one.signatures.values())
    if fixed and settings.enable_batching and settings.batching_file is None:
        raise LoadFailed(
            f"model {model.name!r} was compiled at a fixed batch, and SAGEMAKER_TFS_ENABLE_BATCHING has the "
            "model servers join rows to batches of other sizes",
            hint="leave it unset, or set SERVE_BATCHING_FILE",
        )
    try:
        return dataclasses.replace(model, compiled=sized(model.compiled, settings))
    except SettingsError as error:
        raise LoadFailed(f"model {model.name!r}: {error}") from error


def _golden(bundle: Bundle) -> Path | None:
    found = bundle.extras_path / GOLDEN_FILE if bundle.extras_path else None
    return found if found is not None and found.is_file() else None


def _unmeasured(entry: Entry, error: Exception) -> LoadFailed:
    if isinstance(error, NeuronserveError):
        return LoadFailed(error.message, hint=error.hint)
    return LoadFailed(f"the files of model {entry.name!r} could not be read", detail=str(error))


def _stopping() -> NotReady:
    return NotReady("the service is stopping", hint="another instance serves")
