"""How to start the model servers: command lines as lists, planned as values, started by others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from neuronserve import machine
from neuronserve.modelserver import batching, configs, ports, programs, reload, variables
from neuronserve.settings import Settings

_LONGEST_TAG = 255  # characters of NEURON_PROCESS_TAG


class Owner(Protocol):
    """What has to be known of a server that was planned (``neuron/plan.py``)."""

    @property
    def server(self) -> int: ...
    @property
    def shown(self) -> str: ...
    @property
    def chips(self) -> tuple[int, ...]: ...
    @property
    def models(self) -> tuple[str, ...]: ...
    @property
    def copies(self) -> int: ...


_PARTS = 8 * 64  # what the most workers have lanes for (gateway/workers.py, pool.py)


@dataclasses.dataclass(frozen=True)
class Launch:
    """A model server to start: write ``files``, run ``argv`` with ``env``; it answers on ``target``.

    ``cores`` is the range it owns (``0-3``), "" without one; ``tag`` its NEURON_PROCESS_TAG.
    """

    index: int
    kind: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    target: str
    rest_port: int | None  # of REST, which only users' handlers ask for
    files: Mapping[Path, str]
    models: tuple[batching.Model, ...]
    cores: str = ""
    chips: tuple[int, ...] = ()
    copies: int = 1
    tag: str = ""
    joins: bool = False  # it joins rows into compiled batches, and pads them
    grpc_port: int | None = None  # of gRPC over TCP, which users' handlers ask for

    @property
    def folder(self) -> Path:
        """Its own, which has to be there before it starts, and be empty; its socket will lie in it."""
        return Path(self.target.removeprefix("unix:")).parent


def plan(
    settings: Settings,
    models: Sequence[batching.Model],
    owners: Sequence[Owner],
    runtime_dir: Path,
    environ: Mapping[str, str],
    kind: str,
    *,
    tcp: bool = False,
) -> tuple[Launch, ...]:
    """One launch for each owner. Files and sockets lie in ``runtime_dir``.

    ``tcp``: each answers REST and gRPC on TCP ports too, as users' handlers expect. Raises ModelServerError.
    """
    allotted = ports.allot(settings, len(owners), tcp=tcp)
    program = programs.command(kind, settings)
    return tuple(
        _launch(settings, models, owner, own, _Place(runtime_dir, owner.server), environ, program, kind)
        for owner, own in zip(owners, allotted, strict=True)
    )


@dataclasses.dataclass(frozen=True)
class _Place:
    """A server's own files in the runtime folder."""

    runtime: Path
    index: int

    @property
    def socket(self) -> Path:
        return self.folder / "sock"

    @property
    def folder(self) -> Path:
        """The only one that it may write: its socket, and what it unpacks."""
        return self.runtime / f"ms-{self.index}"

    @property
    def models(self) -> Path:
        return self.runtime / f"models-{self.index}.config"

    @property
    def batching(self) -> Path:
        return self.runtime / f"batching-{self.index}.config"


def _launch(
    settings: Settings,
    models: Sequence[batching.Model],
    owner: Owner,
    own: ports.Ports,
    place: _Place,
    environ: Mapping[str, str],
    program: Sequence[str],
    kind: str,
) -> Launch:
    served = tuple(model for model in models if model.name in owner.models)
    files = {place.models: configs.model_config(served)}
    joining = batching.chosen(settings, served, copies=owner.copies, cpus=machine.cpus())
    if joining:
        files[place.batching] = joining.text
    tag = f"{environ.get('NEURON_PROCESS_TAG') or 'neuronserve'}-{owner.server}"[-_LONGEST_TAG:]
    return Launch(
        index=owner.server,
        kind=kind,
        argv=(
            *program,
            *_flags(settings, place, own, joins=joining is not None, waits=bool(owner.shown)),
            *programs.own_flags(kind, settings),
        ),
        env=_environment(environ, settings, owner, place.folder, tag),
        target=f"unix:{place.socket}",
        rest_port=own.rest,
        grpc_port=own.grpc,
        files=files,
        models=served,
        cores=owner.shown,
        chips=owner.chips,
        copies=owner.copies,
        tag=tag,
        joins=joining is not None and joining.pads,
    )


def _environment(
    environ: Mapping[str, str], settings: Settings, owner: Owner, folder: Path, tag: str
) -> dict[str, str]:
    env = variables.needed(environ, settings.model_server_env or ())
    env["TMPDIR"] = env["HOME"] = str(folder)  # what a killed server leaves behind goes with the folder
    env["NEURON_PROCESS_TAG"] = tag
    if owner.shown:
        env.pop("NEURON_RT_NUM_CORES", None)  # the plan respects it; within a server only the range counts
        env["NEURON_RT_VISIBLE_CORES"] = owner.shown
    return env


def _grpc_threads(settings: Settings) -> int:
    """A thread for each call that may be there at once: those admitted, and parts of requests.

    A call holds its thread while it waits for its batch or core. TF Serving's default, 4 for each CPU, is 16
    on an inf1.xlarge: fewer rows than four cores take in batches of 8; gRPC refuses the others as
    RESOURCE_EXHAUSTED. Threads are made when they are needed.
    """
    return max(4 * machine.cpus(), settings.max_in_flight + _PARTS)


def _flags(settings: Settings, place: _Place, own: ports.Ports, *, joins: bool, waits: bool) -> list[str]:
    flags = [
        f"--port={own.grpc or 0}",
        f"--grpc_socket_path={place.socket}",
        f"--rest_api_port={own.rest or 0}",
        f"--model_config_file={place.models}",
        f"--file_system_poll_wait_seconds={reload.POLL_SECONDS if settings.multi_model else 0}",
        "--max_num_load_retries=0",  # the supervisor tries again, with back-off and an end
    ]
    if waits:
        flags.append(f"--grpc_max_threads={_grpc_threads(settings)}")
    if settings.inter_op_threads:
        flags.append(f"--tensorflow_inter_op_parallelism={settings.inter_op_threads}")
    if settings.intra_op_threads:
        flags.append(f"--tensorflow_intra_op_parallelism={settings.intra_op_threads}")
    if joins:
        flags += ["--enable_batching", f"--batching_parameters_file={place.batching}"]
    return flags
