"""nginx and gunicorn with several workers, as ``serve`` starts them; the supervisor is the test's own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from neuronserve.boot import front as nginx
from neuronserve.boot import gateway
from neuronserve.reservedfile import ReservedFile
from neuronserve.settings import Settings
from neuronserve.state import Model, Server, State, write
from tests.ports import free_port
from tests.process.conftest import Reply, reply_of
from tests.supervisors import Supervisor
from tests.wire.conftest import ScriptedServer, scripted  # noqa: F401  a fixture

JSON = {"Content-Type": "application/json"}
ROWS = b'{"instances": [[1.0, 2.0]]}'


class Front:
    """nginx's port, and what stands behind it."""

    def __init__(self, port: int, runtime: Path, server: ScriptedServer, folder: Path) -> None:
        self.port = port
        self.runtime = runtime
        self.server = server
        self.gunicorn: psutil.Process
        self.folder = folder

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        timeout: float = 30,
        headers: Mapping[str, str] = JSON,
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, dict(headers))
            return reply_of(connection)
        finally:
            connection.close()

    def ask_raw(self, request: bytes, method: str = "POST", timeout: float = 30) -> Reply:
        """Bytes out, as they are; one answer to ``method``."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                connection.sendall(request)
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def log(self) -> str:
        """What nginx and gunicorn wrote so far."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("log-*")))

    def workers(self) -> set[int]:
        return {child.pid for child in self.gunicorn.children()}

    def wait_for(self, what: str, condition: Callable[[], Any], seconds: float = 20) -> Any:
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                pytest.fail(f"not within {seconds} s: {what}")
            time.sleep(0.01)
        return found


class Endpoint(Front):
    """A multi-model endpoint."""

    supervisor: Supervisor

    def load(self, name: str) -> Reply:
        body = {"model_name": name, "url": f"/opt/ml/models/{name}/model"}
        return self.ask("POST", "/models", json.dumps(body).encode())

    def unload(self, name: str) -> Reply:
        return self.ask("DELETE", f"/models/{name}")

    def invoke(self, name: str, body: bytes = ROWS) -> Reply:
        return self.ask("POST", f"/models/{name}/invoke", body)


@pytest.fixture
def endpoint(tmp_path: Path, scripted: Callable[..., ScriptedServer]) -> Iterator[Endpoint]:  # noqa: F811
    with contextlib.ExitStack() as stack:
        made = Endpoint(free_port(), _runtime(stack), scripted(), tmp_path)
        made.supervisor = Supervisor(made.runtime, (Server(0, made.server.target, "ready"),))
        stack.callback(made.supervisor.close)
        _start(made, stack, SAGEMAKER_MULTI_MODEL="true")
        yield made


@pytest.fixture
def front(tmp_path: Path, scripted: Callable[..., ScriptedServer]) -> Iterator[Front]:  # noqa: F811
    """One model ``m``, which doubles its rows."""
    with contextlib.ExitStack() as stack:
        made = Front(free_port(), _runtime(stack), scripted(), tmp_path)
        servers = (Server(0, made.server.target, "ready"),)
        now = State(
            "ready", servers=servers, models=(Model("m", (1,)),), default_model="m", kind="cpu", generation=1
        )
        write(ReservedFile(made.runtime / "state.json"), now)
        _start(made, stack)
        yield made


def _runtime(stack: contextlib.ExitStack) -> Path:
    # short, because unix sockets lie in it
    runtime = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ns-", dir="/tmp")))
    runtime.chmod(0o711)
    return runtime


def _start(made: Front, stack: contextlib.ExitStack, **named: str) -> None:
    """nginx and gunicorn, until they answer."""
    environ = {
        "PATH": os.environ["PATH"],
        "SAGEMAKER_BIND_TO_PORT": str(made.port),
        "SAGEMAKER_GUNICORN_WORKERS": "2",
        "SERVE_MAX_BODY_MB": "1",
        **named,
    }
    (made.runtime / "serving").touch()
    nginx.prepare(Settings.from_environ(environ), made.runtime)
    nothing = {"on_stdout": None, "on_stderr": None}
    commands = (
        gateway.command(nginx.ROOT, made.runtime, environ),
        nginx.command(made.runtime, environ, **nothing),  # type: ignore[arg-type]
    )
    started = []
    for number, command in enumerate(commands):
        log = stack.enter_context((made.folder / f"log-{number}").open("wb"))
        process = subprocess.Popen(
            command.argv, env=command.env, cwd=command.cwd, stdout=log, stderr=log, start_new_session=True
        )
        stack.callback(_end, process)
        started.append(process)
    made.gunicorn = psutil.Process(started[0].pid)
    made.wait_for("an answer", lambda: _answers(made))


def _answers(front: Front) -> bool:
    try:
        return front.ask("GET", "/").status == 200
    except OSError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """How it stops is another test's."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
