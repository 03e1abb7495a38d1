"""The image, run as AWS Marketplace's subscribers run it: no network, no credentials, its model in place."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from neuronserve.deploy.engine import Engine
from neuronserve.deploy.waiting import Clock
from neuronserve.errors import EngineFailed

MODEL_DIR = "/opt/ml/model"
TESTS_DIR = "/opt/marketplace-tests"
STOP_SECONDS = 30
LOG_LINES = 12
_ASK = Path(__file__).with_name("ask.py")


@dataclasses.dataclass(frozen=True)
class Answer:
    """``status`` 0: there was none, and ``body`` says why. Seconds, and bytes of the answer's body."""

    status: int
    body: str
    seconds: float = 0.0
    connect: float = 0.0
    size: int = 0
    content_type: str = ""


@dataclasses.dataclass(frozen=True)
class Trial:
    """``model``: the unpacked archive. ``tests``: a folder for test data, seen inside as TESTS_DIR."""

    image: str
    model: Path
    tests: Path
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    name: str = dataclasses.field(default_factory=lambda: f"marketplace-check-{secrets.token_hex(4)}")

    def words(self) -> list[str]:
        """For the engine. The platform's ``docker run IMAGE serve``, and no way out."""
        return [
            "run", "--detach", "--name", self.name, "--no-healthcheck", "--network", "none",
            "--volume", f"{self.model}:{MODEL_DIR}:ro", "--volume", f"{self.tests}:{TESTS_DIR}:ro",
            *(word for name, value in self.environment.items() for word in ("--env", f"{name}={value}")),
            self.image, "serve",
        ]  # fmt: skip


class Container:
    """A running trial."""

    def __init__(self, trial: Trial, engine: Engine, clock: Clock) -> None:
        self._trial, self._engine, self._clock = trial, engine, clock

    def ready(self, seconds: float) -> Answer:
        """Wait until /ping is 200; the last answer. Raises EngineFailed when the container ended."""
        return self._ask("ready", f"{seconds:g}")

    def post(self, file: str, content_type: str, accept: str, seconds: float) -> Answer:
        """``file``: a name in the folder of tests."""
        return self._ask("post", f"{TESTS_DIR}/{file}", content_type, accept, f"{seconds:g}")

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit code, and after how many seconds. 137: it had to be killed."""
        began = self._clock.monotonic()
        self._engine.call("stop", "-t", str(STOP_SECONDS), self._trial.name)
        return int(self._state()["ExitCode"]), self._clock.monotonic() - began

    def log(self) -> tuple[str, ...]:
        """Its last lines."""
        process = self._engine.begin("logs", "--tail", str(LOG_LINES), self._trial.name)
        while process.poll() is None:
            self._clock.sleep(0.05)
        return tuple(process.lines())

    def ended(self) -> int | None:
        """Its exit code; None while it runs."""
        state = self._state()
        return None if state["Running"] else int(state["ExitCode"])

    def _state(self) -> dict[str, Any]:
        told = self._engine.call("inspect", "--format", "{{json .State}}", self._trial.name)
        found: dict[str, Any] = json.loads(told)
        return found

    def _ask(self, *words: str) -> Answer:
        told = self._engine.call("exec", self._trial.name, "python", f"{TESTS_DIR}/{_ASK.name}", *words)
        try:
            found = json.loads(told)
        except ValueError:
            raise EngineFailed(f"what runs inside the container said {told.strip()[:200]!r}") from None
        seconds = found.get("waited", found.get("seconds", 0.0))
        return Answer(
            found["status"], found["body"], seconds, found.get("connect", 0.0), found.get("bytes", 0),
            found.get("type", ""),
        )  # fmt: skip


@contextlib.contextmanager
def running(trial: Trial, engine: Engine, clock: Clock) -> Iterator[Container]:
    """Started, and removed in the end, whatever happens. Raises EngineFailed with the engine's reason."""
    shutil.copy(_ASK, trial.tests / _ASK.name)
    try:
        engine.call(*trial.words())
        yield Container(trial, engine, clock)
    finally:
        with contextlib.suppress(EngineFailed):
            engine.call("rm", "--force", "--volumes", trial.name)
