"""The application before a real embedded model server, with code beside its model; called without nginx."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from neuronserve import state
from neuronserve.reservedfile import ReservedFile
from neuronserve.settings import Settings
from neuronserve.state import Model, Server, State
from predictor import create_app
from tests import cpuservers, handmade, modelcode


@pytest.fixture(scope="module")
def model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cpuservers.Server]:
    """With model ``m``: ``y = 2 x`` for ``x`` of shape [n, 3]."""
    folder = tmp_path_factory.mktemp("server")
    nodes = [
        handmade.placeholder("x", -1, 3),
        handmade.constant("factor", 2.0),
        handmade.node("y", "Mul", "x", "factor", T=handmade.FLOAT),
    ]
    handmade.write(handmade.saved_model(nodes, {"x": "x:0"}, {"y": "y:0"}), folder / "m" / "1")
    flag = cpuservers.config_flag(folder, ["m"])
    with cpuservers.running(folder, flag, rest=True, tcp=True) as server:
        server.wait_until("m", {1: "AVAILABLE"})
        yield server


class Endpoint:
    """An application whose model ``m`` has code; what it logs is captured by ``caplog``."""

    def __init__(self, runtime: Path, server: cpuservers.Server, environ: dict[str, str]) -> None:
        runtime.mkdir()
        self.runtime = runtime
        port = int(server.target.rpartition(":")[2])
        rest = int(server.rest.rpartition(":")[2])
        self.server = Server(0, server.target, "ready", rest_port=rest, grpc_port=port)
        self.app = create_app(Settings.from_environ(environ), runtime)
        self._client = Client(self.app)
        self._generation = 0

    def serve(self, *models: Model, multi_model: bool = False) -> None:
        self._generation += 1
        default = "" if multi_model else models[0].name
        now = State(
            "ready", servers=(self.server,), models=models, default_model=default, kind="cpu",
            generation=self._generation, multi_model=multi_model,
        )  # fmt: skip
        state.write(ReservedFile(self.runtime / "state.json"), now)

    def post(
        self,
        body: bytes | str,
        content_type: str = "application/json",
        path: str = "/invocations",
        **more: str,
    ) -> TestResponse:
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        data = body.encode() if isinstance(body, str) else body
        return self._client.post(path, data=data, content_type=content_type, headers=headers)

    def metrics(self) -> str:
        return self._client.get("/metrics").text


Handled = Callable[..., Endpoint]


@pytest.fixture
def endpoint(tmp_path: Path, model_server: cpuservers.Server) -> Callable[..., Endpoint]:
    def make(**environ: str) -> Endpoint:
        return Endpoint(tmp_path / "run", model_server, environ)

    return make


@pytest.fixture
def handled(endpoint: Callable[..., Endpoint], write: Callable[..., Path]) -> Handled:
    """``handled("text of inference.py", helper="...")``; settings by their names."""

    def make(inference: str, packages: str = "", **more: str) -> Endpoint:
        files = {name: text for name, text in more.items() if name.islower()}
        made = endpoint(**{name: text for name, text in more.items() if not name.islower()})
        made.serve(Model("m", (1,), code=str(write(inference=inference, **files)), packages=packages))
        return made

    return make


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write files of a model's code (``lib__x`` is lib/x.py); the folder."""

    def make(name: str = "code", **files: str) -> Path:
        return modelcode.write(tmp_path / name, **files)

    return make


@pytest.fixture(autouse=True)
def put_back(tmp_path: Path) -> Iterator[None]:
    with modelcode.put_back(tmp_path):
        yield
