"""The commands that a running server takes over its socket: one JSON object in a line each way."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from neuronserve.simulator import sockets
from neuronserve.simulator.running import Chips

_log = logging.getLogger(__name__)
_LONGEST = 4096  # bytes of a command


class Commands:
    """Obeys ``crash``, ``hang``, ``resume``, ``error``, ``slow``, ``delay`` and ``stats``."""

    def __init__(self, chips: Chips, about: Mapping[str, Any]) -> None:
        """``about``: what ``stats`` says of the process."""
        self._chips = chips
        self._about = about

    def listen(self, path: Path) -> None:
        """Take commands there, in a thread, to the end of the process."""
        listener = sockets.listen(path)
        threading.Thread(target=self._serve, args=(listener,), name="commands", daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            with contextlib.suppress(OSError):  # a client that went away
                connection, _ = listener.accept()
                with connection, connection.makefile("rwb") as stream:
                    answer, afterwards = self.obey(stream.readline(_LONGEST))
                    stream.write(json.dumps(answer).encode() + b"\n")
                    stream.flush()
                    afterwards()

    def obey(self, line: bytes) -> tuple[dict[str, Any], Callable[[], None]]:
        """The answer, and what has to be done when it is out."""
        try:
            command = json.loads(line)
            verb = command["verb"]
            if verb != "stats":
                _log.warning("Told to %s", " ".join(map(str, command.values())))
            return self._do(verb, command), _AFTERWARDS.get((verb, bool(command.get("everything"))), _nothing)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}, _nothing

    def _do(self, verb: str, command: Mapping[str, Any]) -> dict[str, Any]:
        faults = self._chips.faults
        match verb:
            case "crash":
                pass
            case "hang" | "resume":
                if not command.get("everything"):
                    faults.hang(hung=verb == "hang")
            case "error":
                faults.fail(int(command["count"]))
            case "slow":
                faults.slow(int(command["core"]), float(command["factor"]))
            case "delay":
                faults.delay(float(command["ms"]) / 1000)
            case "stats":
                return {**self._about, "cores": self._counts()}
            case _:
                raise ValueError(f"no such command: {verb}")
        return {}

    def _counts(self) -> dict[str, Any]:
        return {
            str(self._chips.host_cores[core]): {"batches": count.batches, "busy_seconds": count.busy_seconds}
            for core, count in self._chips.occupancy.counts().items()
        }


def _nothing() -> None:
    """Most commands are done when they are answered."""


def _abort() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core dump for a crash on command
    os.abort()


def _freeze() -> None:
    """Stop all threads: connections are accepted by the kernel, and nothing is answered."""
    os.kill(os.getpid(), signal.SIGSTOP)


_AFTERWARDS = {("crash", False): _abort, ("hang", True): _freeze}
