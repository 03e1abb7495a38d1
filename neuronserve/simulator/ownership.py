"""Who owns which core of a host, across processes: a lock on a file for each core.

A lock (``flock``) belongs to the open file, so that the kernel frees it with the process, however that
ends. All or none of a request's cores are taken, one process at a time, as the driver does below its mutex.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuronserve.simulator import rules
from neuronserve.simulator.host import SimulatedHost
from neuronserve.simulator.nrt import NrtError
from neuronserve.simulator.rules import Request

_GATE = "gate"
_TRIES, _PAUSE_SECONDS = 5, 0.02  # somebody else may be testing a lock, for a moment


@dataclasses.dataclass(frozen=True)
class Holder:
    """What a process says of itself where it owns cores. ``first``: the lowest host core that it owns."""

    pid: int
    tag: str
    command: str
    first: int

    @classmethod
    def read(cls, content: bytes) -> Holder:
        """ValueError when it is none."""
        try:
            raw: Any = json.loads(content)
            return cls(int(raw["pid"]), str(raw["tag"]), str(raw["command"]), int(raw["first"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"no holder: {error}") from error


class Owned:
    """The cores that a process owns: ``cores`` as it numbers them, ``host_cores`` as the host does."""

    def __init__(self, cores: range, host_cores: tuple[int, ...], descriptors: tuple[int, ...]) -> None:
        self.cores = cores
        self.host_cores = host_cores
        self.descriptors = descriptors

    def free(self) -> None:
        """Give the cores back; the end of the process does the same."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = ()


def take(host: SimulatedHost, request: Request, tag: str = "", command: str = "") -> Owned:
    """Own the cores that are asked for, or none of them: then NrtError, with the runtime's own line."""
    for attempt in range(_TRIES):
        try:
            return _take(host, request, tag, command)
        except NrtError:
            if attempt == _TRIES - 1:
                raise
        time.sleep(_PAUSE_SECONDS)
    raise AssertionError  # pragma: no cover  the last attempt returns or raises


def _take(host: SimulatedHost, request: Request, tag: str, command: str) -> Owned:
    locks = _Locks(host)
    with gate(host.cores_dir):
        cores = rules.first_fit(request, len(host.cores), locks.take, locks.give)
        owned = Owned(
            cores, tuple(host.cores[core] for core in cores), tuple(locks.held[core] for core in cores)
        )
        content = {"pid": os.getpid(), "tag": tag, "command": command, "first": owned.host_cores[0]}
        for descriptor in owned.descriptors:
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(content).encode(), 0)
    return owned


class _Locks:
    """The locks of one process, by visible core."""

    def __init__(self, host: SimulatedHost) -> None:
        self._host = host
        self.held: dict[int, int] = {}

    def take(self, core: int) -> bool:
        descriptor = os.open(self._host.lock_file(self._host.cores[core]), os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self.held[core] = descriptor
        return True

    def give(self, core: int) -> None:
        os.close(self.held.pop(core))


def holders(host: SimulatedHost) -> dict[int, Holder | None]:
    """Who owns each core of the host that the container has: host core -> its owner, None when it is free."""
    with gate(host.cores_dir):
        return {core: _holder(host.lock_file(core)) for core in host.cores}


def _holder(file: Path) -> Holder | None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            return Holder.read(os.pread(descriptor, 1 << 16, 0))
        except ValueError:
            return Holder(0, "", "", -1)  # owned by somebody who says nothing of himself
    finally:
        os.close(descriptor)
    return None


@contextlib.contextmanager
def gate(cores_dir: Path) -> Iterator[None]:
    """One process at a time."""
    descriptor = os.open(cores_dir / _GATE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        with contextlib.suppress(PermissionError):
            os.fchmod(descriptor, 0o666)  # nosec B103  # past the umask: other users own cores too
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
