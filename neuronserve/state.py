"""What the supervisor knows and everybody else reads: one small JSON file.

The supervisor is its only writer and replaces it whole, so a reader never sees half of it. Workers
read it again only when its inode, time or size changed: one ``stat`` per request, about two microseconds.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuronserve.compiled import Compiled, SignatureBatch
from neuronserve.reservedfile import ReservedFile, Stamp

STARTING = "starting"
READY = "ready"
DEGRADED = "degraded"
DRAINING = "draining"
FAILED = "failed"


@dataclasses.dataclass(frozen=True)
class Server:
    """One model server: ``index`` in the pool, gRPC ``target``, its own ``state`` word.

    ``state`` is ``starting``, ``ready``, ``restarting`` or ``failed``; ``restarts`` counts them. On a
    Neuron host it owns the core range ``cores`` (``0-3``) of ``chips``, and runs up to ``copies`` batches
    at once. ``models``: the names of those it serves; None: all. ``joins``: it joins the rows of calls
    into compiled batches, and pads them, itself. ``grpc_port``: of its gRPC over TCP on 127.0.0.1, which only
    users' handlers need.
    """

    index: int
    target: str
    state: str = STARTING
    restarts: int = 0
    pid: int | None = None
    rest_port: int | None = None
    grpc_port: int | None = None
    cores: str = ""
    chips: tuple[int, ...] = ()
    copies: int = 1
    models: tuple[str, ...] | None = None
    joins: bool = False
    waits: str = ""  # what its start waits for

    def serves(self, model: str) -> bool:
        return self.models is None or model in self.models


@dataclasses.dataclass(frozen=True)
class Model:
    """A served model: its name and its versions, ascending; and what was compiled into each.

    ``code``: the folder of its ``inference.py``; "" without one. ``packages``: the folders that its code
    imports from besides, as PYTHONPATH has them: what its ``requirements.txt`` was installed to, and on a
    multi-model endpoint the code that all models share. ``model_dir``: the folder of the artifact, unpacked
    and laid out as the archive is. On a multi-model endpoint also ``url``, the folder
    that it was loaded from, ``slot``, its column on the gateway's board of requests in flight, and
    ``loaded``, another number for each load: the same name, url and slot may come again with other contents.
    """

    name: str
    versions: tuple[int, ...]
    compiled: tuple[Compiled, ...] = ()
    code: str = ""
    packages: str = ""
    model_dir: str = ""
    url: str = ""
    slot: int = -1
    loaded: int = 0

    @property
    def identity(self) -> tuple[str, int, str, tuple[int, ...]]:
        """What is known of a model is true of it as long as this is the same."""
        return self.name, self.loaded, self.url, self.versions

    def batch(self, version: int, signature: str) -> SignatureBatch | None:
        """The compiled batch of one signature; None when any batch may be sent."""
        one = self._compiled(version)
        return one.signatures.get(signature) if one else None

    def columns(self, version: int, signature: str) -> tuple[str, ...]:
        """The inputs of one signature in the order of CSV columns; empty where the model has no order."""
        one = self._compiled(version)
        return one.columns.get(signature, ()) if one else ()

    def _compiled(self, version: int) -> Compiled | None:
        return next((one for one in self.compiled if one.version == version), None)


@dataclasses.dataclass(frozen=True)
class State:
    """The service as a whole. ``step`` names what a start is busy with, or why it failed."""

    state: str = STARTING
    step: str = "settings"
    detail: str = ""
    servers: tuple[Server, ...] = ()
    models: tuple[Model, ...] = ()
    default_model: str = ""
    multi_model: bool = False  # models come and go by POST and DELETE /models
    kind: str = ""  # neuron | tensorflow | cpu | simulator
    simulated: bool = False  # nothing here runs on Neuron hardware, whatever it looks like
    ownership: Mapping[str, Any] | None = None  # chip -> core range -> server -> model, as JSON shows it
    since: float = 0.0  # seconds since the epoch at which this ``state`` word began
    generation: int = 0  # changes whenever models or servers do: readers drop what they cached
    disk: str = ""  # what is wrong with the disk of the runtime folder; empty while nothing is

    @property
    def serving(self) -> bool:
        """Whether requests are taken."""
        return self.state in (READY, DEGRADED)

    @functools.cached_property
    def by_name(self) -> Mapping[str, Model]:
        return {model.name: model for model in self.models}

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> State:
        raw: dict[str, Any] = json.loads(text)
        return cls(
            **{
                **raw,
                "servers": tuple(_server(s) for s in raw["servers"]),
                "models": tuple(_model(m) for m in raw["models"]),
            }
        )


def _server(raw: Mapping[str, Any]) -> Server:
    return Server(**{**raw, "chips": tuple(raw["chips"]), "models": _names(raw["models"])})


def _names(raw: list[str] | None) -> tuple[str, ...] | None:
    return None if raw is None else tuple(raw)


def _model(raw: Mapping[str, Any]) -> Model:
    compiled = tuple(Compiled.from_dict(one) for one in raw["compiled"])
    return Model(**{**raw, "versions": tuple(raw["versions"]), "compiled": compiled})


def write(file: ReservedFile, state: State) -> None:
    """Replace the file whole. Raises OSError."""
    file.write(state.to_json().encode())


_MOST_READS = 5  # of a file that is written again while it is read


class Reader:
    """Reads the file, and parses it only when it changed. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[Stamp, State] = ((0, 0, 0), State())

    def current(self) -> State:
        """The state now; the last one known while there is no file, and ``starting`` before the first."""
        seen = self._seen
        try:
            if _stamp(os.stat(self._path)) != seen[0]:
                seen = self._seen = self._read() or seen
        except OSError:  # somebody removed it, and the supervisor makes it again; or the disk is broken
            return seen[1]
        return seen[1]

    def _read(self) -> tuple[Stamp, State] | None:
        """None: it was never the same before and after it was read."""
        for _ in range(_MOST_READS):
            with self._path.open("rb") as file:
                before = _stamp(os.fstat(file.fileno()))
                content = file.read()
                if _stamp(os.fstat(file.fileno())) == before:
                    return before, State.from_json(content)
        return None


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_ino, found.st_mtime_ns, found.st_size


def summary(state: State) -> Mapping[str, Any]:
    """What ``/ping`` tells while it is not 200."""
    told: dict[str, Any] = {"state": state.state, "step": state.step}
    if state.detail:
        told["detail"] = state.detail
    if state.disk:
        told["disk"] = state.disk
    if state.simulated:
        told["simulated"] = True
    return told
