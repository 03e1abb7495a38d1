"""``serve`` itself, started once and stopped as soon as it is ready: what it ends with is no prediction then.

All is as in a start, but the port, which is a free one, so that nobody takes it for the service.
"""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import neuronserve
from neuronserve import machine
from neuronserve import state as states
from neuronserve.doctor import asking

_POLL = 0.1  # seconds
_PROGRAM = Path(neuronserve.__file__).resolve().parents[1] / "serve"


@dataclasses.dataclass(frozen=True)
class StartResult:
    """``code``: what it ended with; None where it did not end. ``ready``: it was. ``step``: how far it came.

    ``failure``: what it logged of its end, as ``boot/failure.py`` logs it, {} where it logged nothing;
    ``warnings``: of its model servers. ``seconds``: how long it took.
    """

    code: int | None
    ready: bool = False
    step: str = ""
    failure: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


def start(environ: Mapping[str, str], log: Path, seconds: float) -> StartResult:
    """Start it, and stop it when it is ready, or after so many seconds. Its log goes to ``log``."""
    port = machine.free_port()
    chosen = {
        **environ,
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SERVE_LOG_FORMAT": "json",
        "SERVE_LOG_LEVEL": "info",
    }
    began = time.monotonic()
    with asking.child([sys.executable, str(_PROGRAM)], chosen, log, ends_with=signal.SIGTERM) as process:
        about = _until_ready(process, port, began + seconds)
        took = time.monotonic() - began
        code = process.poll()
    lines = _lines(log)
    ready = about.get("state") == states.READY
    return StartResult(
        code=None if ready or not code else _as_shell(code),
        ready=ready,
        step=str(about.get("step", "")),
        failure=next((line for line in reversed(lines) if "exit_code" in line), {}),
        warnings=tuple(dict.fromkeys(_warnings(lines))),
        seconds=took,
    )


def _until_ready(process: subprocess.Popen[str], port: int, end: float) -> Mapping[str, Any]:
    """What it tells of itself when it is ready, or at the end."""
    about: Mapping[str, Any] = {}
    while process.poll() is None and time.monotonic() < end:
        about = asking.get(port, "/").body or about
        if about.get("state") == states.READY:
            break
        time.sleep(_POLL)
    return about


def _as_shell(code: int) -> int:
    """Signals as a shell counts them."""
    return code if code >= 0 else 128 - code


def _lines(log: Path) -> list[dict[str, Any]]:
    lines = []
    for line in log.read_text(errors="replace").splitlines():
        try:
            one = json.loads(line)
        except ValueError:
            continue
        if isinstance(one, dict):
            lines.append(one)
    return lines


def _warnings(lines: list[dict[str, Any]]) -> list[str]:
    """``model-server-0: ...``, without the number: each has the same model."""
    messages = [str(line.get("message", "")) for line in lines if line.get("level") == "warning"]
    return [text.partition(": ")[2] for text in messages if text.startswith("model-server-")]
