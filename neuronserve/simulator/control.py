"""The servers of a simulated host, seen and commanded from outside.

::

    host = attach(folder)
    find(host, core=3).crash()
    for server in servers(host): server.slow(server.cores[0], 10)
    stats(host)[3].batches
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import struct
from typing import Any

from neuronserve.errors import ModelServerError
from neuronserve.simulator import sockets
from neuronserve.simulator.host import SimulatedHost
from neuronserve.simulator.ownership import Holder, holders

_PATIENCE_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class CoreStats:
    """What a core has done for its present owner, whose tag is ``tag`` ("" for a free core)."""

    batches: int = 0
    busy_seconds: float = 0.0
    tag: str = ""
    pid: int = 0


@dataclasses.dataclass(frozen=True)
class Server:
    """A process that owns cores; ``cores`` are host cores, ascending. Methods raise ModelServerError."""

    host: SimulatedHost
    holder: Holder
    cores: tuple[int, ...]

    def crash(self) -> None:
        """End it at once, by SIGABRT."""
        self._tell("crash", wake=True)

    def hang(self, *, everything: bool = False) -> None:
        """It answers no prediction from now on; with ``everything``, nothing at all."""
        self._tell("hang", everything=everything)

    def resume(self) -> None:
        """The end of either kind of ``hang``."""
        self._tell("resume", wake=True)

    def fail(self, count: int) -> None:
        """Its next ``count`` predictions fail with an error of the runtime."""
        self._tell("error", count=count)

    def slow(self, core: int, factor: float) -> None:
        """What runs on a host core of it takes ``factor`` times as long; 1: as usual."""
        if core not in self.cores or factor < 0:
            raise ModelServerError(f"slow core {core} by {factor:g}: the server owns {_shown(self.cores)}")
        self._tell("slow", core=core, factor=factor)

    def delay(self, ms: float) -> None:
        """Each of its answers is held back by so many milliseconds, beside its core's time."""
        self._tell("delay", ms=max(0.0, ms))

    def stats(self) -> dict[int, CoreStats]:
        """By host core."""
        answer = self._tell("stats")
        return {
            int(core): CoreStats(counts["batches"], counts["busy_seconds"], answer["tag"], answer["pid"])
            for core, counts in answer["cores"].items()
        }

    def _tell(self, verb: str, *, wake: bool = False, **more: Any) -> dict[str, Any]:
        try:
            with sockets.connect(self.host.socket(self.holder.first), _PATIENCE_SECONDS) as client:
                if wake and (pid := _pid(client)):
                    os.kill(pid, signal.SIGCONT)
                client.sendall(json.dumps({"verb": verb, **more}).encode() + b"\n")
                with client.makefile("rb") as stream:
                    answer: dict[str, Any] = json.loads(stream.readline())
                    if verb == "crash":
                        with contextlib.suppress(OSError):
                            stream.read()  # until it is gone
        except (OSError, ValueError) as error:
            raise ModelServerError(
                f"the owner of {_shown(self.cores)} (pid {self.holder.pid}) took no command: {error}",
                hint="it may be frozen, or gone with its cores not free yet",
            ) from error
        if "error" in answer:
            raise ModelServerError(f"{verb}: {answer['error']}")
        return answer


def servers(host: SimulatedHost) -> tuple[Server, ...]:
    """All that own cores, by their cores; also one that is gone and whose cores are not free yet."""
    owned: dict[Holder, list[int]] = {}
    for core, holder in holders(host).items():
        if holder is not None:
            owned.setdefault(holder, []).append(core)
    return tuple(Server(host, holder, tuple(cores)) for holder, cores in owned.items())


def find(host: SimulatedHost, who: str | int | None = None, *, core: int | None = None) -> Server:
    """The server with this tag or pid, or the owner of a host core; ModelServerError when there is none."""
    for server in servers(host):
        if core in server.cores or (
            who is not None and str(who) in (server.holder.tag, str(server.holder.pid))
        ):
            return server
    what = f"core {core}" if who is None else str(who)
    raise ModelServerError(f"no server {what} on the simulated host {host.folder}", hint="see its holders")


def stats(host: SimulatedHost) -> dict[int, CoreStats]:
    """What each core has done; nothing for cores that are free, or whose owner takes no commands."""
    found = dict.fromkeys(host.cores, CoreStats())
    for server in servers(host):
        try:
            found.update(server.stats())
        except ModelServerError:
            found.update(dict.fromkeys(server.cores, CoreStats(0, 0.0, server.holder.tag, server.holder.pid)))
    return found


def _pid(client: socket.socket) -> int:
    """Of the process that listens, as this one counts processes; 0: it is in another container."""
    pid, _, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(pid)


def _shown(cores: tuple[int, ...]) -> str:
    return f"core {cores[0]}" if len(cores) == 1 else f"cores {cores[0]}-{cores[-1]}"
