"""How a container runs: the checkout as a process, or an image with docker or podman."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from neuronserve.deploy.engine import Engine, Process
from neuronserve.deploy.sagemaker.local import variables
from neuronserve.deploy.sagemaker.local.calls import Address
from neuronserve.deploy.sagemaker.local.lines import Lines
from neuronserve.errors import EngineFailed

# of the person's environment, what a container would not have
_NOT_INSIDE = ("AWS_", "MODEL_", "COMPILATION_JOB", "SAGEMAKER_", "SERVE_", "NEURON_RT_")
_KILLED_SECONDS = 5.0  # a killed process is gone at once, unless the system is stuck


class Runner(Protocol):
    """``start`` may be called again once it has ended. Raises EngineFailed."""

    def start(self) -> None: ...

    def address(self) -> Address: ...

    def poll(self) -> int | None:
        """The exit code, as a shell has it, once it ended."""
        ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...

    def remove(self) -> None: ...


class Checkout:
    """``program``: its argv; ``environ`` comes on top of what is left of the person's own."""

    def __init__(
        self, program: Sequence[str], environ: Mapping[str, str], port: int, lines: Lines, *, root: Path
    ) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INSIDE)}
        self._environ = {**kept, **environ}
        self._program, self._port, self._lines, self._root = program, port, lines, root
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.kill()  # what is left of its former life
        try:
            self._process = subprocess.Popen(
                # setpriv: even when this program is killed, the service ends, and in order
                ["setpriv", "--pdeathsig", "TERM", *self._program],
                env=self._environ, cwd=self._root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise EngineFailed(f"{self._program[0]} cannot be started: {error.strerror}") from None
        self._lines.follow(self._process.stdout)

    def address(self) -> Address:
        return Address("127.0.0.1", self._port)

    def poll(self) -> int | None:
        code = self._process.poll() if self._process else 0
        return code if code is None or code >= 0 else 128 - code

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """With all that it started: nothing of a container outlives it."""
        if self._process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            # a signal's handler comes here too, maybe from inside of poll(), whose lock it would wait for
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_KILLED_SECONDS)

    def remove(self) -> None:
        self.kill()
        self._lines.end()

    def _signal(self, number: int) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)


@dataclasses.dataclass(frozen=True)
class Run:
    """What the engine is told. ``network``: an internal one's name, where the container is isolated."""

    name: str
    image: str
    environ: Mapping[str, str] = dataclasses.field(repr=False)
    port: int
    mounts: Mapping[str, Path]
    network: str = ""
    options: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """Values of variables are on no command line: the engine takes them from its environment."""
        words = ["run", "--detach", "--name", self.name, "--no-healthcheck", *self.options]
        if self.network:
            words += ["--network", self.network]
        else:
            words += ["--publish", f"127.0.0.1::{self.port}"]
        for inside, outside in self.mounts.items():
            words += ["--volume", f"{outside}:{inside}:ro"]
        for name in self.environ:
            words += ["--env", name]
        return [*words, self.image, "serve"]


class Image:
    """A container of the engine's; ``engine`` has the variables' values in its environment."""

    def __init__(self, run: Run, engine: Engine, lines: Lines) -> None:
        self._run, self._engine, self._lines = run, engine, lines
        self._made = False
        self._code: int | None = None
        self._waiter: Process | None = None
        self._follower: Process | None = None
        self._address: Address | None = None

    def start(self) -> None:
        if self._made:  # the platform replaces it, with all that it wrote
            self._drop()
        self._made = True
        self._engine.call(*self._run.words())
        self._code, self._address = None, None
        self._waiter = self._engine.begin("wait", self._run.name)
        self._follower = self._engine.begin("logs", "--follow", self._run.name)

    def address(self) -> Address:
        if self._address is None:
            self._address = self._inner() if self._run.network else self._published()
        return self._address

    def poll(self) -> int | None:
        self._print()
        if self._code is None and self._waiter and self._waiter.poll() is not None:
            told = self._engine.call("inspect", "--format", "{{.State.ExitCode}}", self._run.name)
            self._code = int(told)
        return self._code

    def terminate(self) -> None:
        self._send("TERM")

    def kill(self) -> None:
        self._send("KILL")

    def remove(self) -> None:
        self._print()
        self._drop()

    def _drop(self) -> None:
        for process in (self._waiter, self._follower):
            if process and process.poll() is None:
                process.kill()
        if self._made:
            self._engine.call("rm", "--force", "--volumes", self._run.name)

    def _send(self, name: str) -> None:
        with contextlib.suppress(EngineFailed):  # it may have ended by itself
            self._engine.call("kill", "--signal", name, self._run.name)

    def _print(self) -> None:
        for line in self._follower.lines() if self._follower else ():
            self._lines.take(line)

    def _published(self) -> Address:
        told = self._engine.call("port", self._run.name, f"{self._run.port}/tcp")
        return Address("127.0.0.1", int(told.splitlines()[0].rpartition(":")[2]))

    def _inner(self) -> Address:
        told = self._engine.call("inspect", "--format", "{{json .NetworkSettings.Networks}}", self._run.name)
        host = json.loads(told)[self._run.network]["IPAddress"]
        return Address(host, self._run.port)


def mounts(model: Path | None, models: Path | None) -> dict[str, Path]:
    """The platform's folders, where there is something for them."""
    wanted = {variables.MODEL_DIR: model, variables.MODELS_DIR: models}
    return {inside: outside for inside, outside in wanted.items() if outside is not None}
