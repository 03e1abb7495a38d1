"""Programs and ports asked with a time limit. Nothing here raises for what it meets."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuronserve.supervise.children import guarded

_MOST = 4 << 20  # bytes of an answer that are read
_LONGEST_END = 10.0  # seconds for a program to end by itself what it began
# each with the signal that ends it
_running: dict[subprocess.Popen[str], signal.Signals] = {}


@dataclasses.dataclass(frozen=True)
class Ran:
    """``code`` is None when the program could not be started or did not end in time; ``why`` says so."""

    code: int | None
    out: str = ""
    err: str = ""
    why: str = ""


def run(argv: Sequence[str], seconds: float, environ: Mapping[str, str] | None = None) -> Ran:
    """Run a program to its end. What is late is killed, with all that it started."""
    try:
        process = subprocess.Popen(
            list(argv),
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
            errors="replace",
        )
    except OSError as error:
        return Ran(None, why=f"cannot be run: {error.strerror or error}")
    _running[process] = signal.SIGKILL
    try:
        with process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                _kill(process)
                return Ran(None, why=f"did not end within {seconds:g} s")
    finally:
        _running.pop(process, None)
    return Ran(process.returncode, out, err)


@contextlib.contextmanager
def child(
    argv: Sequence[str], environ: Mapping[str, str], log: Path, *, ends_with: signal.Signals
) -> Iterator[subprocess.Popen[str]]:
    """A program for as long as the context lasts; ``log`` gets what it writes to stderr.

    What still runs then is ended with a signal for which it cleans up, and killed where that takes too long;
    the kernel sends the signal should we be killed ourselves.
    Raises OSError where it cannot be started.
    """
    with log.open("w") as errors:
        process = subprocess.Popen(
            guarded(argv, environ, ends_with),
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            text=True,
        )
    _running[process] = ends_with
    try:
        yield process
    finally:
        _end(process, ends_with)
        _running.pop(process, None)


def end_all() -> None:
    """End what a check that was given up has left running."""
    for process, number in tuple(_running.items()):
        _end(process, number)


def _end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    if number is signal.SIGKILL:
        _kill(process)
        return
    process.send_signal(number)
    try:
        process.wait(_LONGEST_END)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.wait()


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@dataclasses.dataclass(frozen=True)
class Answer:
    """An HTTP answer; ``status`` 0 when none came. ``body``: its JSON object, {} for anything else."""

    status: int
    body: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def get(port: int, path: str, seconds: float = 2.0) -> Answer:
    """Ask who listens on a port of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read(_MOST)
    except (OSError, http.client.HTTPException):
        return Answer(0)
    finally:
        connection.close()
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    return Answer(answer.status, body if isinstance(body, dict) else {})
