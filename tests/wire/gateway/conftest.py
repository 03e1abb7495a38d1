"""The application with a scripted model server behind it, called without nginx or gunicorn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from neuronserve import state
from neuronserve.reservedfile import ReservedFile
from neuronserve.settings import Settings
from neuronserve.state import Model, Server, State
from predictor import Predictor, create_app


class Gateway:
    """The application, its state file, and what it logged."""

    def __init__(self, app: Predictor, runtime: Path, log: Callable[[], str]) -> None:
        self.app = app
        self.runtime = runtime
        self._log = log
        self._client = Client(app)

    def state(self, now: State) -> None:
        state.write(ReservedFile(self.runtime / "state.json"), now)

    def post(
        self, body: bytes | str, content_type: str | None = "application/json", **headers: str
    ) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body.encode() if isinstance(body, str) else body
        return self._client.post("/invocations", data=data, content_type=content_type, headers=named)

    def get(self, path: str, method: str = "GET") -> TestResponse:
        return self._client.open(path, method=method)

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log().splitlines() if line.startswith("{")]


@pytest.fixture
def gateway(tmp_path: Path, scripted, capfd) -> Callable[..., Gateway]:
    """Make a gateway before the servers given; by default one that doubles ``x``, as model ``m`` 1."""

    def make(
        *servers, environ: dict[str, str] | None = None, models: tuple[Model, ...] = (Model("m", (1,)),)
    ) -> Gateway:
        runtime = tmp_path / "run"
        runtime.mkdir(exist_ok=True)
        made = Gateway(
            create_app(Settings.from_environ(environ or {}), runtime), runtime, lambda: capfd.readouterr().out
        )
        behind = servers or (scripted(),)
        entries = tuple(Server(i, s.target, "ready") for i, s in enumerate(behind))
        made.state(
            State(
                "ready",
                servers=entries,
                models=models,
                default_model=models[0].name,
                kind="cpu",
                generation=1,
            )
        )
        return made

    return make
