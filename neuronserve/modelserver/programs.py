"""Which program is the model server: as set, else what this machine can run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable

from neuronserve.errors import ModelServerError
from neuronserve.settings import Settings

NEURON, TENSORFLOW, CPU, SIMULATOR = "neuron", "tensorflow", "cpu", "simulator"

# Every command AWS shows has no x; one sentence of its documentation has one.
_NEURON_BINARIES = ("tensorflow_model_server_neuron", "tensorflow_model_server_neuronx")
_BINARIES = {NEURON: _NEURON_BINARIES, TENSORFLOW: ("tensorflow_model_server",)}
_MODULES = {CPU: "neuronserve.cpuserver", SIMULATOR: "neuronserve.simulator.server"}

_LOOPBACK = "127.0.0.1"

Which = Callable[[str], str | None]


def choose(settings: Settings, *, which: Which = shutil.which) -> str:
    """The kind of model server.

    Raises ModelServerError when a kind was asked for whose program is not there.
    """
    wanted = SIMULATOR if settings.simulate else settings.model_server
    named = settings.model_server_binary
    if named is not None and wanted not in _MODULES and not which(str(named)):
        raise ModelServerError(
            f"MODEL_SERVER_BINARY={named}: there is no such program, or it may not be run",
            hint="correct the path, or leave it unset",
        )
    if wanted == "auto":
        if has_devices(settings) and _found(NEURON, settings, which):
            return NEURON
        return TENSORFLOW if _found(TENSORFLOW, settings, which) else CPU
    if wanted in _BINARIES and not _found(wanted, settings, which):
        names = " or ".join(_BINARIES[wanted])
        raise ModelServerError(
            f"MODEL_SERVER={wanted}: no {names} was found",
            hint="install it, or name the program with MODEL_SERVER_BINARY",
        )
    return wanted


def has_devices(settings: Settings) -> bool:
    """Whether anything looks like a Neuron device, usable or not."""
    return any(settings.devices_dir.glob("neuron[0-9]*"))


def own_flags(kind: str, settings: Settings) -> list[str]:
    """What TensorFlow Serving does not know, and our own programs do."""
    if kind not in _MODULES:
        return []
    libraries = settings.cpu_op_libraries or ()
    return [
        f"--listen_address={_LOOPBACK}",
        *([f"--op_libraries={','.join(libraries)}"] if libraries else []),
    ]


def listens_everywhere(kind: str) -> bool:
    """Whether its TCP ports are open on all addresses: TensorFlow Serving has no flag for that."""
    return kind not in _MODULES


def command(kind: str, settings: Settings, *, which: Which = shutil.which) -> list[str]:
    """The program's argv, without flags. Raises ModelServerError."""
    if kind in _MODULES:
        return [str(settings.cpu_python or sys.executable), "-m", _MODULES[kind]]
    found = _found(kind, settings, which)
    if found is None:
        raise ModelServerError(f"the program of the {kind} model server was not found")
    return [found]


def _found(kind: str, settings: Settings, which: Which) -> str | None:
    if settings.model_server_binary is not None:
        return which(str(settings.model_server_binary))
    for name in _BINARIES[kind]:
        found = which(f"/usr/local/bin/{name}") or which(name)
        if found:
            return found
    return None
