import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cpuservers import Server, config_flag, running

MODELS = ("affine", "mixed", "shapes", "examples", "text")


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SavedModels that exporter.py makes, once for all tests."""
    folder = tmp_path_factory.mktemp("exported")
    program = Path(__file__).with_name("exporter.py")
    subprocess.run([sys.executable, str(program), str(folder)], check=True, capture_output=True, timeout=280)
    return folder


@pytest.fixture(scope="session")
def server(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with all exported models, for the tests that change nothing."""
    folder = tmp_path_factory.mktemp("server")
    with running(folder, config_flag(exported, MODELS), rest=True) as started:
        for name in MODELS:
            started.wait_until(
                name, {2: "AVAILABLE", 1: "AVAILABLE"} if name == "affine" else {1: "AVAILABLE"}
            )
        yield started
