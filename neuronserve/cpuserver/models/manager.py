"""The aspired versions manager: loads what should be served and unloads what should not.

As TF Serving's AvailabilityPreservingPolicy: of a model whose versions change, the new ones are
loaded first, and an old one goes only when a new one serves, or when nothing of the model is wanted.
A version that is being unloaded first finishes the calls that hold a lease on it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from neuronserve.cpuserver.models.states import State, VersionStatus, show
from neuronserve.cpuserver.status import Code, Refused, StatusError, not_found

_log = logging.getLogger(__name__)


class Closable(Protocol):
    """A loaded version."""

    def close(self) -> None: ...


T = TypeVar("T", bound=Closable)


@dataclasses.dataclass(frozen=True)
class Patience:
    """How often and how soon a failed load is tried again."""

    retries: int = 5
    interval_seconds: float = 60.0


@dataclasses.dataclass(eq=False)
class _Entry(Generic[T]):
    name: str
    version: int
    path: Path
    wanted: bool = True
    state: State = State.START
    error: StatusError | None = None
    servable: T | None = None
    leases: int = 0


class Manager(Generic[T]):
    """Versions of models and their states. All methods may be called from any thread."""

    def __init__(
        self,
        load: Callable[[str, int, Path], T],
        patience: Patience,
        load_threads: int,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        """``settled``: called after each load and unload, before that is told."""
        self._load_version = load
        self._settled = settled
        self._patience = patience
        self._slots = threading.BoundedSemaphore(load_threads)
        self._changed = threading.Condition()
        self._models: dict[str, dict[int, _Entry[T]]] = {}
        self._closing = False

    def aspire(self, name: str, versions: Mapping[int, Path]) -> None:
        """From now on, exactly these versions of the model should be served."""
        with self._changed:
            if self._closing:
                return
            entries = self._models.setdefault(name, {})
            for version, path in versions.items():
                known = entries.get(version)
                if known is None or (known.state is State.END and not known.wanted):
                    entries[version] = _Entry(name, version, path)
            for version, entry in entries.items():
                entry.wanted = version in versions
            self._reconcile(name)

    @contextlib.contextmanager
    def lease(self, name: str, version: int | None) -> Iterator[T]:
        """The servable of a version (None: the highest available), kept loaded inside the ``with``.

        NOT_FOUND when it is not available.
        """
        entry = self._acquire(name, version)
        try:
            assert entry.servable is not None  # noqa: S101  an available entry has one
            yield entry.servable
        finally:
            with self._changed:
                entry.leases -= 1
                self._changed.notify_all()

    def statuses(self, name: str) -> list[VersionStatus]:
        """Every version ever seen of the model, highest last; empty when the name is unknown."""
        with self._changed:
            entries = self._models.get(name, {})
            return [VersionStatus(v, entries[v].state, entries[v].error) for v in sorted(entries)]

    def names(self) -> list[str]:
        with self._changed:
            return sorted(self._models)

    def wait_until_settled(self, name: str, timeout_seconds: float | None = None) -> list[VersionStatus]:
        """Wait until each wanted version of the model is available or has failed."""

        def settled() -> bool:
            entries = self._models.get(name, {}).values()
            return self._closing or all(e.state in (State.AVAILABLE, State.END) for e in entries if e.wanted)

        with self._changed:
            self._changed.wait_for(settled, timeout_seconds)
            entries = self._models.get(name, {})
            return [VersionStatus(e.version, e.state, e.error) for e in entries.values() if e.wanted]

    def close(self, timeout_seconds: float) -> None:
        """Stop loading; wait for the leases that are out, then let go of everything."""
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: not any(e.leases for m in self._models.values() for e in m.values()),
                max(0.0, deadline - time.monotonic()),
            )

    def _acquire(self, name: str, version: int | None) -> _Entry[T]:
        with self._changed:
            entries = self._models.get(name, {})
            serving = [v for v, entry in entries.items() if entry.state is State.AVAILABLE]
            chosen = max(serving, default=None) if version is None else version
            if chosen is None or chosen not in serving:
                request = f"Latest({name})" if version is None else f"Specific({name}, {version})"
                raise not_found(f"Servable not found for request: {request}")
            entries[chosen].leases += 1
            return entries[chosen]

    def _reconcile(self, name: str) -> None:
        """Start what has to be started; called with the lock held, whenever something changed."""
        entries = self._models[name].values()
        wanted = [entry for entry in entries if entry.wanted]
        replaceable = not wanted or any(entry.state is State.AVAILABLE for entry in wanted)
        for entry in entries:
            if entry.wanted and entry.state is State.START:
                self._start(self._load, entry, State.LOADING)
            elif not entry.wanted and entry.state is State.AVAILABLE and replaceable:
                self._start(self._unload, entry, State.UNLOADING)
        self._changed.notify_all()

    def _start(self, work: Callable[[_Entry[T]], None], entry: _Entry[T], state: State) -> None:
        entry.state = state
        threading.Thread(
            target=work, args=(entry,), name=f"{state.name.lower()}-{entry.name}-{entry.version}", daemon=True
        ).start()

    def _load(self, entry: _Entry[T]) -> None:
        servable, error = self._try(entry)
        self._settled()
        with self._changed:
            entry.servable, entry.error = servable, error
            entry.state = State.END if servable is None else State.AVAILABLE
            self._reconcile(entry.name)

    def _try(self, entry: _Entry[T]) -> tuple[T | None, StatusError | None]:
        """Load, again and again as patience allows: the servable, or the last error."""
        shown, attempt = show(entry.name, entry.version), 0
        while True:
            begin = time.monotonic()
            try:
                with self._slots:
                    servable = self._load_version(entry.name, entry.version, entry.path)
            except StatusError as caught:
                error = caught
            except Exception as caught:  # noqa: BLE001  a fault here must not leave LOADING for ever
                _log.exception("Loading servable: %s failed unexpectedly", shown)
                error = StatusError(Code.INTERNAL, f"{type(caught).__name__}: {caught}")
            else:
                _log.info(
                    "Successfully loaded servable version %s in %.2f s", shown, time.monotonic() - begin
                )
                return servable, None
            _log.error("Loading servable: %s failed: %s", shown, error)
            attempt += 1
            if attempt > self._patience.retries or isinstance(error, Refused) or not self._wait(entry):
                return None, error
            _log.info("Retrying of loading servable: %s retry: %d", shown, attempt)

    def _wait(self, entry: _Entry[T]) -> bool:
        """Wait for the next attempt; False when there should be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or not entry.wanted, self._patience.interval_seconds)
            return not self._closing and entry.wanted

    def _unload(self, entry: _Entry[T]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not entry.leases)
            servable, entry.servable = entry.servable, None
        if servable is not None:
            servable.close()
        del servable  # what it holds itself is memory, too
        self._settled()
        _log.info("Done unloading servable version %s", show(entry.name, entry.version))
        with self._changed:
            entry.state = State.END
            self._reconcile(entry.name)
