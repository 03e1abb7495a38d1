"""Which models there are, from the request for a load to the end of an unload. Pure."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator
from pathlib import Path

from neuronserve.errors import AlreadyLoaded, NoRoom
from neuronserve.state import Model

SLOTS = 4096  # columns of the gateway's board (modelserver/board.py)


class Phase(enum.Enum):
    LOADING = "loading"
    LOADED = "loaded"
    UNLOADING = "unloading"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One name. ``number`` is another for each load, ``slot`` the model's until its unload has ended.

    ``model``: as the state tells it, once it is loaded; ``servers``: those that have it.
    """

    name: str
    url: str
    folder: Path
    slot: int
    number: int
    phase: Phase = Phase.LOADING
    model: Model | None = None
    servers: tuple[int, ...] = ()


class Ledger:
    """All names, each at most once."""

    def __init__(self, slots: int = SLOTS) -> None:
        self._slots = slots
        self._entries: dict[str, Entry] = {}
        self._number = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def get(self, name: str) -> Entry | None:
        return self._entries.get(name)

    def phase(self, name: str) -> Phase | None:
        found = self._entries.get(name)
        return found.phase if found else None

    def begin(self, name: str, url: str, folder: Path) -> Entry:
        """Raises AlreadyLoaded for a name that is there in any phase, NoRoom when all slots are taken."""
        there = self._entries.get(name)
        if there is not None:
            word = "is being loaded" if there.phase is Phase.LOADING else "is loaded"
            raise AlreadyLoaded(f"model {name!r} {word} already", hint="unload it first")
        taken = {entry.slot for entry in self._entries.values()}
        slot = next((slot for slot in range(self._slots) if slot not in taken), None)
        if slot is None:
            raise NoRoom(f"{self._slots} models are loaded, which is the most", hint="unload another model")
        self._number += 1
        entry = Entry(name, url, folder, slot, self._number)
        self._entries[name] = entry
        return entry

    def loaded(self, name: str, model: Model, servers: tuple[int, ...]) -> Entry:
        return self._change(name, phase=Phase.LOADED, model=model, servers=servers)

    def unloading(self, name: str) -> Entry:
        return self._change(name, phase=Phase.UNLOADING)

    def forget(self, name: str) -> None:
        """It is nowhere any more: name and slot are free."""
        del self._entries[name]

    @property
    def models(self) -> tuple[Model, ...]:
        """Those that answer requests, by name."""
        found = [entry.model for entry in self if entry.phase is Phase.LOADED and entry.model]
        return tuple(sorted(found, key=lambda model: model.name))

    def _change(self, name: str, **news: object) -> Entry:
        entry = dataclasses.replace(self._entries[name], **news)  # type: ignore[arg-type]  # by name
        self._entries[name] = entry
        return entry
