"""nginx and gunicorn with several workers, as ``serve`` starts them; the supervisor is the test's own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from neuronserve.boot import front, gateway
from neuronserve.settings import Settings
from neuronserve.state import Server
from tests.ports import free_port
from tests.process.conftest import Reply, reply_of
from tests.supervisors import Supervisor
from tests.wire.conftest import ScriptedServer, scripted  # noqa: F401  a fixture

JSON = {"Content-Type": "application/json"}
ROWS = b'{"instances": [[1.0, 2.0]]}'


class Endpoint:
    def __init__(self, port: int, runtime: Path, supervisor: Supervisor, gunicorn: psutil.Process) -> None:
        self.port = port
        self.runtime = runtime
        self.supervisor = supervisor
        self._gunicorn = gunicorn

    def ask(self, method: str, path: str, body: bytes = b"", timeout: float = 30) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, JSON)
            return reply_of(connection)
        finally:
            connection.close()

    def load(self, name: str) -> Reply:
        body = {"model_name": name, "url": f"/opt/ml/models/{name}/model"}
        return self.ask("POST", "/models", json.dumps(body).encode())

    def unload(self, name: str) -> Reply:
        return self.ask("DELETE", f"/models/{name}")

    def invoke(self, name: str, body: bytes = ROWS) -> Reply:
        return self.ask("POST", f"/models/{name}/invoke", body)

    def workers(self) -> set[int]:
        return {child.pid for child in self._gunicorn.children()}

    def wait_for(self, what: str, condition: Callable[[], Any], seconds: float = 20) -> Any:
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                pytest.fail(f"not within {seconds} s: {what}")
            time.sleep(0.01)
        return found


@pytest.fixture
def endpoint(tmp_path: Path, scripted: Callable[..., ScriptedServer]) -> Iterator[Endpoint]:  # noqa: F811
    with contextlib.ExitStack() as stack:
        # short, because unix sockets lie in it
        runtime = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ns-", dir="/tmp")))
        runtime.chmod(0o711)
        port, server = free_port(), scripted()
        environ = {
            "PATH": os.environ["PATH"],
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "SAGEMAKER_MULTI_MODEL": "true",
            "SAGEMAKER_GUNICORN_WORKERS": "2",
            "SERVE_MAX_BODY_MB": "1",
        }
        supervisor = Supervisor(runtime, (Server(0, server.target, "ready"),))
        stack.callback(supervisor.close)
        (runtime / "serving").touch()
        front.prepare(Settings.from_environ(environ), runtime)
        nothing = {"on_stdout": None, "on_stderr": None}
        commands = (
            gateway.command(front.ROOT, runtime, environ),
            front.command(runtime, environ, **nothing),  # type: ignore[arg-type]
        )
        started = []
        for number, command in enumerate(commands):
            log = stack.enter_context((tmp_path / f"log-{number}").open("wb"))
            process = subprocess.Popen(
                command.argv, env=command.env, cwd=command.cwd, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(_end, process)
            started.append(process)
        made = Endpoint(port, runtime, supervisor, psutil.Process(started[0].pid))
        made.wait_for("an answer", lambda: _answers(made))
        made.server = server  # type: ignore[attr-defined]
        yield made


def _answers(endpoint: Endpoint) -> bool:
    try:
        return endpoint.ask("GET", "/models").status == 200
    except OSError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """How it stops is another test's."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
