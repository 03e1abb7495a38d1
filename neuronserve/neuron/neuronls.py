"""``neuron-ls --json-output``: the driver's own list of chips and of who uses them.

Source: the AWS Neuron SDK's neuron-ls user guide. Newer versions add fields (``neuroncore_ids``,
``logical_neuroncore_config``, ``instance_type``, ``cpu_affinity``), so all but a chip's number are optional.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from neuronserve.errors import DeviceFault
from neuronserve.instances import catalogue
from neuronserve.neuron.told import NEURON_LS, Told, generation_by_size

FOLDER = "/opt/aws/neuron/bin"
TIMEOUT_SECONDS = 5.0
_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "HOME")
_HINT = "neuron-ls belongs to the package aws-neuronx-tools; install the version that fits the driver"
_LARGEST = 1 << 62


@dataclasses.dataclass(frozen=True)
class Process:
    """A process that uses a chip. ``pid`` may be the host's number, which a container cannot use.

    ``command`` is shortened by neuron-ls, with ``...`` at its end.
    """

    pid: int
    command: str = ""
    runtime: str = ""


@dataclasses.dataclass(frozen=True)
class Device:
    """One chip. ``cores`` as programs count them, ``core_ids`` their numbers; ``memory_mib`` of the chip."""

    index: int
    cores: int | None = None
    memory_mib: int | None = None
    core_ids: tuple[int, ...] = ()
    connected: tuple[int, ...] = ()
    instance_type: str = ""
    processes: tuple[Process, ...] = ()

    @property
    def told(self) -> Told:
        """What it tells of the chip's properties."""
        instance = catalogue().get(self.instance_type)
        return Told(
            source=NEURON_LS,
            generation=instance.generation if instance else generation_by_size(self.cores, self.memory_mib),
            cores=self.cores,
            device_mib=self.memory_mib,
            connected=self.connected,
        )


@dataclasses.dataclass(frozen=True)
class Answer:
    """``devices`` is None when neuron-ls told nothing; ``reason`` says why."""

    devices: tuple[Device, ...] | None
    reason: str = ""


def program(which: Callable[[str], str | None] = shutil.which, name: str = "neuron-ls") -> str | None:
    """Where a Neuron tool is: on PATH, or where its package puts it; None: not installed."""
    return which(name) or which(f"{FOLDER}/{name}")


def ask(path: str | None = None, *, timeout: float = TIMEOUT_SECONDS) -> Answer:
    """Run it (``path``: the program; None: where it is found) and read what it says. Never raises."""
    path = path or program()
    if path is None:
        return Answer(None, "neuron-ls is not installed")
    try:
        done = subprocess.run(
            [path, "--json-output"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            env={name: value for name, value in os.environ.items() if name in _VARIABLES},
        )
    except subprocess.TimeoutExpired:
        return Answer(None, f"{path} did not answer within {timeout:g} s")
    except OSError as error:
        return Answer(None, f"{path} cannot be run: {error.strerror}")
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        return Answer(None, f"{path} ended with {done.returncode}: {said[:200]}")
    try:
        return Answer(parse(done.stdout))
    except DeviceFault as fault:
        return Answer(None, fault.message)


def devices() -> Sequence[Device] | None:
    """The chips that neuron-ls shows; None when it told nothing."""
    return ask().devices


def of_chip(
    shown: Sequence[Device], index: int, host_index: int | None, indexes: Sequence[int]
) -> Device | None:
    """The entry for one chip. ``indexes``: of all chips here, ascending.

    Whether its numbers count within the container depends on the version: the same place in the order
    where it shows as many as there are, else the host's number, else the path's.
    """
    if len(shown) == len(indexes):
        return shown[list(indexes).index(index)]
    by_index = {device.index: device for device in shown}
    return by_index.get(host_index if host_index is not None else index) or by_index.get(index)


def parse(text: str | bytes) -> tuple[Device, ...]:
    """Its output as values, ordered by index. Raises DeviceFault for what is no such output."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DeviceFault("neuron-ls wrote no JSON", hint=_HINT, detail=str(error)) from error
    if not isinstance(raw, list):
        raise DeviceFault("neuron-ls wrote no array of devices", hint=_HINT)
    found = sorted((_device(entry, place) for place, entry in enumerate(raw)), key=lambda d: d.index)
    if len({device.index for device in found}) < len(found):
        raise DeviceFault("neuron-ls shows the same device twice", hint=_HINT)
    return tuple(found)


def _device(entry: Any, place: int) -> Device:
    where = f"neuron-ls, device {place}"
    if not isinstance(entry, dict):
        raise DeviceFault(f"{where}: no object", hint=_HINT)
    index = _whole(entry, "neuron_device", where)
    if index is None:
        raise DeviceFault(f"{where}: no neuron_device", hint=_HINT)
    core_ids = _wholes(entry, "neuroncore_ids", where)
    memory = _whole(entry, "memory_size", where)
    return Device(
        index=index,
        cores=_whole(entry, "nc_count", where) or len(core_ids) or None,
        memory_mib=(memory >> 20) or None if memory is not None else None,
        core_ids=core_ids,
        connected=_wholes(entry, "connected_to", where),
        instance_type=_text(entry, "instance_type", where),
        processes=tuple(_process(p, where) for p in _list(entry, "neuron_processes", where)),
    )


def _process(entry: Any, where: str) -> Process:
    if not isinstance(entry, dict):
        raise DeviceFault(f"{where}: a process that is no object", hint=_HINT)
    pid = _whole(entry, "pid", where)
    if pid is None:
        raise DeviceFault(f"{where}: a process without pid", hint=_HINT)
    return Process(pid, _text(entry, "command", where), _text(entry, "neuron_runtime_version", where))


def _whole(entry: dict[str, Any], key: str, where: str) -> int | None:
    value = entry.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST:
        raise DeviceFault(f"{where}: {key} is no number", hint=_HINT)
    return value


def _wholes(entry: dict[str, Any], key: str, where: str) -> tuple[int, ...]:
    values = _list(entry, key, where)
    return tuple(number for value in values if (number := _whole({key: value}, key, where)) is not None)


def _list(entry: dict[str, Any], key: str, where: str) -> list[Any]:
    value = entry.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise DeviceFault(f"{where}: {key} is no array", hint=_HINT)
    return value


def _text(entry: dict[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DeviceFault(f"{where}: {key} is no text", hint=_HINT)
    return value
