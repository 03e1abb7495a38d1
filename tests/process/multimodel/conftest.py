"""A multi-model endpoint as a real process, asked over the control socket as the gateway's workers ask."""

import json
import socket
import threading

import pytest

from tests import handmade


class Endpoint:
    """A service without models. ``folder`` is where models are unpacked."""

    def __init__(self, service, folder):
        self.service = service
        self.folder = folder

    def ask(self, do, name, url=None, *, timeout=120):
        """The answer; None when the connection ended without one."""
        question = {"do": do, "name": name, **({"url": str(url)} if url is not None else {})}
        return self.send(json.dumps(question).encode() + b"\n", timeout)

    def send(self, line, timeout=120):
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(timeout)
            asked.connect(str(self.service.runtime / "models.sock"))
            asked.sendall(line)
            with asked.makefile("rb") as answer:
                said = answer.readline()
        return json.loads(said) if said else None

    def load(self, name):
        return self.ask("load", name, self.folder / name)

    def unload(self, name):
        return self.ask("unload", name)

    def later(self, ask, *arguments):
        """``ask`` in a thread; a function that waits for its answer."""
        answers = []
        thread = threading.Thread(target=lambda: answers.append(ask(*arguments)), daemon=True)
        thread.start()

        def answer():
            thread.join(120)
            return answers[0]

        return answer

    def doubling(self, name, factor=2.0, weight=0):
        """A model on disk; ``weight``: bytes that lie in its folder besides."""
        made = handmade.doubling(self.folder / name / "1", factor)
        if weight:
            (made / "assets.extra").mkdir()
            (made / "assets.extra" / "ballast").write_bytes(bytes(weight))
        return made

    def invoke(self, name, body=b'{"instances": [[1, 2]]}', timeout=60):
        headers = {"Content-Type": "application/json"}
        return self.service.post(f"/models/{name}/invoke", body, headers, timeout)

    def names(self):
        return [model.name for model in self.service.state().models]

    def served(self):
        return [list(server.models) for server in self.service.state().servers]

    def listed(self):
        """What lies in the service's folder of loads."""
        folder = self.service.runtime / "models"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def restarted(self, server=0):
        """Kill a model server, and wait until all is as before."""
        import os
        import signal

        before = self.service.state().servers[server]
        os.kill(before.pid, signal.SIGKILL)
        self.service.wait_for(
            "the restart", lambda: self.service.state().servers[server].restarts > before.restarts
        )
        self.service.wait_ready()


@pytest.fixture
def endpoint(serve, tmp_path):
    """``endpoint(NAME="value")`` starts one and waits until it is ready."""

    def start(**named):
        folder = tmp_path / "models"
        folder.mkdir(exist_ok=True)
        kind = {} if "SERVE_SIMULATE" in named else {"MODEL_SERVER": "cpu"}
        service = serve(
            SAGEMAKER_MULTI_MODEL="true", SERVE_MODELS_DIR=folder, SAGEMAKER_GUNICORN_WORKERS="1",
            **kind, **named,
        )  # fmt: skip
        service.wait_ready()
        return Endpoint(service, folder)

    return start
