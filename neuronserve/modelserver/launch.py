"""Which model servers to start, and how: command lines as lists, planned as values, started by others."""

from __future__ import annotations

import dataclasses
import shutil
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from neuronserve import machine
from neuronserve.errors import ModelServerError
from neuronserve.modelserver import configs
from neuronserve.settings import Settings

NEURON, TENSORFLOW, CPU, SIMULATOR = "neuron", "tensorflow", "cpu", "simulator"

# Every command AWS shows has no x; one sentence of its documentation has one.
_NEURON_BINARIES = ("tensorflow_model_server_neuron", "tensorflow_model_server_neuronx")
_BINARIES = {NEURON: _NEURON_BINARIES, TENSORFLOW: ("tensorflow_model_server",)}

# A model server has no business with the credentials the model was fetched with.
_NOT_FOR_MODEL_SERVERS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Bundle(Protocol):
    """What has to be known of the bundle."""

    @property
    def models(self) -> Sequence[configs.ServedModel]: ...


@dataclasses.dataclass(frozen=True)
class Launch:
    """A model server to start: write ``files``, run ``argv`` with ``env``; it answers on ``target``."""

    index: int
    kind: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    target: str
    rest_port: int
    files: Mapping[Path, str]


def choose(
    settings: Settings, *, devices: Path = Path("/dev"), which: Callable[[str], str | None] = shutil.which
) -> str:
    """The kind of model server: as set, else what this machine can run.

    Raises ModelServerError when a kind was asked for whose program is not there.
    """
    wanted = settings.model_server
    named = settings.model_server_binary
    if named is not None and wanted != CPU and not which(str(named)):
        raise ModelServerError(
            f"MODEL_SERVER_BINARY={named}: there is no such program, or it may not be run",
            hint="correct the path, or leave it unset",
        )
    if wanted == SIMULATOR:
        raise ModelServerError(
            "MODEL_SERVER=simulator: there is no simulator in this version", hint="use cpu"
        )
    if wanted == "auto":
        if any(devices.glob("neuron[0-9]*")) and _found(NEURON, settings, which):
            return NEURON
        return TENSORFLOW if _found(TENSORFLOW, settings, which) else CPU
    if wanted != CPU and not _found(wanted, settings, which):
        names = " or ".join(_BINARIES[wanted])
        raise ModelServerError(
            f"MODEL_SERVER={wanted}: no {names} was found",
            hint="install it, or name the program with MODEL_SERVER_BINARY",
        )
    return wanted


def plan(
    settings: Settings, bundle: Bundle, runtime_dir: Path, environ: Mapping[str, str], kind: str
) -> tuple[Launch, ...]:
    """The servers to start, all alike. Files and sockets lie in ``runtime_dir``."""
    ports = _rest_ports(settings)
    files = {runtime_dir / "models.config": configs.model_config(bundle.models)}
    if settings.enable_batching:
        files[runtime_dir / "batching.config"] = configs.batching_parameters(settings, machine.cpus())
    env = {k: v for k, v in environ.items() if k not in _NOT_FOR_MODEL_SERVERS}
    env["TMPDIR"] = str(runtime_dir)  # what a killed server leaves behind goes with the folder
    program = _program(kind, settings)
    return tuple(
        Launch(
            index=index,
            kind=kind,
            argv=(*program, *_flags(settings, runtime_dir, index, ports[index])),
            env=env,
            target=f"unix:{_socket(runtime_dir, index)}",
            rest_port=ports[index],
            files=files,
        )
        for index in range(settings.server_count or 1)
    )


def _flags(settings: Settings, runtime_dir: Path, index: int, rest_port: int) -> list[str]:
    flags = [
        "--port=0",
        f"--grpc_socket_path={_socket(runtime_dir, index)}",
        f"--rest_api_port={rest_port}",
        f"--model_config_file={runtime_dir / 'models.config'}",
        "--file_system_poll_wait_seconds=0",  # the bundle does not change: look once
        "--max_num_load_retries=0",  # the supervisor tries again, with back-off and an end
    ]
    if settings.inter_op_threads:
        flags.append(f"--tensorflow_inter_op_parallelism={settings.inter_op_threads}")
    if settings.intra_op_threads:
        flags.append(f"--tensorflow_intra_op_parallelism={settings.intra_op_threads}")
    if settings.enable_batching:
        flags += ["--enable_batching", f"--batching_parameters_file={runtime_dir / 'batching.config'}"]
    return flags


def _program(kind: str, settings: Settings) -> list[str]:
    if kind == CPU:
        return [str(settings.cpu_python or sys.executable), "-m", "neuronserve.cpuserver"]
    found = _found(kind, settings, shutil.which)
    if found is None:
        raise ModelServerError(f"the program of the {kind} model server was not found")
    return [found]


def _found(kind: str, settings: Settings, which: Callable[[str], str | None]) -> str | None:
    if settings.model_server_binary is not None:
        return which(str(settings.model_server_binary))
    for name in _BINARIES[kind]:
        found = which(f"/usr/local/bin/{name}") or which(name)
        if found:
            return found
    return None


def _socket(runtime_dir: Path, index: int) -> Path:
    return runtime_dir / f"ms-{index}.sock"


def _rest_ports(settings: Settings) -> list[int]:
    """One port for each server: the first ones of the safe range, else free ones, all different."""
    count = settings.server_count or 1
    if settings.safe_port_range:
        low, high = settings.safe_port_range
        ports = [p for p in range(low, min(high, low + count) + 1) if p != settings.bind_port][:count]
        if len(ports) == count:
            return ports
        raise ModelServerError(
            f"SAGEMAKER_SAFE_PORT_RANGE={low}-{high} has no room for {count} REST ports "
            f"beside {settings.bind_port}"
        )
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]  # all held at once: all different
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports
