"""A multi-model endpoint's gateway, called without nginx or gunicorn, and a supervisor that it asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from neuronserve.settings import Settings
from neuronserve.state import Server
from predictor import Predictor, create_app
from tests.supervisors import Supervisor
from tests.wire.conftest import ScriptedServer

ROWS = '{"instances": [[1.0, 2.0]]}'
URL = "/opt/ml/models/%s/model"


class Endpoint:
    """The application, its supervisor, its one model server, and what it logged."""

    def __init__(
        self, app: Predictor, supervisor: Supervisor, server: ScriptedServer, log: Callable[[], str]
    ) -> None:
        self.app = app
        self.supervisor = supervisor
        self.server = server
        self._log = log

    def ask(self, method: str, path: str, body: bytes | str = b"", **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Content-Type", "application/json")
        return Client(self.app).open(path, method=method, data=body, headers=named)

    def load(self, name: str, url: str = "") -> TestResponse:
        return self.ask("POST", "/models", json.dumps({"model_name": name, "url": url or URL % name}))

    def unload(self, name: str) -> TestResponse:
        return self.ask("DELETE", f"/models/{name}")

    def invoke(self, name: str, body: bytes | str = ROWS, **headers: str) -> TestResponse:
        return self.ask("POST", f"/models/{name}/invoke", body, **headers)

    def held(self) -> int:
        return sum(self.app.board.holds)

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log().splitlines() if line.startswith("{")]


@pytest.fixture
def endpoint(tmp_path: Path, scripted, capfd) -> Iterator[Endpoint]:
    server = scripted()
    runtime = tmp_path / "run"
    runtime.mkdir()
    app = create_app(Settings.from_environ({"SAGEMAKER_MULTI_MODEL": "true"}), runtime)
    supervisor = Supervisor(runtime, (Server(0, server.target, "ready"),))
    yield Endpoint(app, supervisor, server, lambda: capfd.readouterr().out)
    supervisor.close()
