"""docker or podman, driven by its command line."""

from __future__ import annotations

import dataclasses
import queue
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping
from typing import IO, Protocol

from neuronserve.errors import EngineFailed

PROGRAMS = ("docker", "podman")


class Process(Protocol):
    """A command of the engine's that goes on."""

    def poll(self) -> int | None:
        """Its exit code, once it has ended and all it printed has been read."""
        ...

    def lines(self) -> list[str]:
        """What it printed since the last time, line by line."""
        ...

    def kill(self) -> None: ...


class Engine(Protocol):
    @property
    def program(self) -> str: ...

    @property
    def podman(self) -> bool: ...

    def call(self, *words: str) -> str:
        """Do it, and return what it printed. Raises EngineFailed with the engine's own reason."""
        ...

    def begin(self, *words: str) -> Process: ...


@dataclasses.dataclass(frozen=True)
class CommandLine:
    """``environ``: what the engine's process gets; it may hold secrets, which so stand on no command line."""

    program: str
    podman: bool
    environ: Mapping[str, str] = dataclasses.field(repr=False)

    def call(self, *words: str) -> str:
        done = subprocess.run(
            [self.program, *words], capture_output=True, check=False, env=dict(self.environ),
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip  # a session of its own: Ctrl-C is for us to handle
        if done.returncode:
            raise failed(self.program, words, done.returncode, done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="replace")

    def begin(self, *words: str) -> Process:
        return _Child([self.program, *words], self.environ)


class _Child:
    """What it prints on either stream, in the order in which it does, read by a thread."""

    def __init__(self, words: list[str], environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            words, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._lines.put(line.decode(errors="replace").rstrip("\r\n"))

    def poll(self) -> int | None:
        return None if self._reader.is_alive() else self._process.poll()

    def lines(self) -> list[str]:
        found = []
        while not self._lines.empty():
            found.append(self._lines.get())
        return found

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(1)  # a grandchild may hold the pipe


def found(named: str | None, environ: Mapping[str, str]) -> list[str]:
    """That of an option or CONTAINER_ENGINE; else docker and podman, as are on PATH. Raises EngineFailed."""
    chosen = named or environ.get("CONTAINER_ENGINE")
    candidates = (chosen,) if chosen else PROGRAMS
    there = [program for program in candidates if shutil.which(program, path=environ.get("PATH"))]
    if not there:
        raise EngineFailed(
            f"{' and '.join(candidates)}: not on PATH", hint="install docker or podman, or see --engine"
        )
    return there


def answering(named: str | None, environ: Mapping[str, str]) -> CommandLine:
    """The first of them that answers: docker may be there without its daemon. Raises EngineFailed."""
    refusals = []
    for program in found(named, environ):
        try:
            return _command_line(program, environ)
        except EngineFailed as error:
            refusals.append(str(error))
    raise EngineFailed("; ".join(refusals), hint="start it, or choose another with --engine")


def _command_line(program: str, environ: Mapping[str, str]) -> CommandLine:
    engine = CommandLine(program, podman=False, environ=environ)
    try:
        told = engine.call("--version")  # podman may be called docker
        engine.call("info")
    except OSError as error:
        raise EngineFailed(f"{program}: {error.strerror}") from None
    return dataclasses.replace(engine, podman="podman" in told.lower())


_ADVICE = re.compile(r"(Run|See) '.*--help'|Usage:")


def failed(program: str, words: tuple[str, ...], code: int, told: str) -> EngineFailed:
    """The engine's reason in one line: its last line about an error, or its last that is no advice."""
    lines = [" ".join(line.split()) for line in told.splitlines() if line.strip()]
    lines = [line for line in lines if not _ADVICE.match(line)] or [f"exit code {code}"]
    errors = [line for line in lines if "error" in line.lower()]
    reason = (errors or lines)[-1].removeprefix(f"{program}: ").removeprefix("Error: ")
    return EngineFailed(f"{program} {words[0]}: {reason}", detail=told)
