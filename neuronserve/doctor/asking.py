"""Programs and ports asked with a time limit. Nothing here raises for what it meets."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

_MOST = 4 << 20  # bytes of an answer that are read
_running: set[subprocess.Popen[str]] = set()


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
    _running.add(process)
    try:
        with process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                _kill(process)
                return Ran(None, why=f"did not end within {seconds:g} s")
    finally:
        _running.discard(process)
    return Ran(process.returncode, out, err)


def end_all() -> None:
    """Kill what a check that was given up has left running."""
    for process in tuple(_running):
        _kill(process)


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
