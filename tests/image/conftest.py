"""The image under test as a thing to start, ask and stop."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import handmade

sys.path.insert(0, str(Path(__file__).parent))
from container import Container, Engine

EXPORTER = Path(__file__).with_name("export_model.py")
Run = Callable[..., Container]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    if not os.environ.get("NEURONSERVE_IMAGE"):
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="needs an image: scripts/image-test builds one"))


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine(os.environ["CONTAINER_ENGINE"])


@pytest.fixture(scope="session")
def image() -> str:
    return os.environ["NEURONSERVE_IMAGE"]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for /opt/ml/model: y = x / 2 + 2, and a signature ``slow`` that takes a while."""
    folder = tmp_path_factory.mktemp("model")
    subprocess.run([sys.executable, str(EXPORTER), str(folder / "1")], check=True, capture_output=True)
    for path in (folder.parent, folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o644))  # any user may read it
    return folder


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """A folder for /opt/ml/model: a model that is compiled for Inferentia."""
    folder = tmp_path / "compiled"
    handmade.compiled(folder / "1")
    for path in (tmp_path, folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o644))
    return folder


@pytest.fixture
def run(engine: Engine, image: str) -> Iterator[Run]:
    """Start a container with the engine's options; it is removed at the end."""
    started: list[Container] = []

    def start(*options: str, command: tuple[str, ...] = ()) -> Container:
        container = engine.start(image, *options, command=command)
        started.append(container)
        return container

    yield start
    for container in started:
        container.remove()


@pytest.fixture
def serving(run: Run, model: Path) -> Container:
    """A container that serves the model, ready, with its port on this machine."""
    container = run("-v", f"{model}:/opt/ml/model:ro", "-p", "127.0.0.1::8080")
    container.wait_ready()
    return container
