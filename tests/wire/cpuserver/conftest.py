import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cpuservers import Server, running

MODELS = ("affine", "mixed", "shapes", "examples", "text")


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SavedModels that exporter.py makes, once for all tests."""
    folder = tmp_path_factory.mktemp("exported")
    program = Path(__file__).with_name("exporter.py")
    subprocess.run([sys.executable, str(program), str(folder)], check=True, capture_output=True, timeout=280)
    return folder


def config_for(folder: Path, models: tuple[str, ...] = MODELS) -> str:
    entries = "".join(
        f'config {{ name: "{name}" base_path: "{folder / name}" model_platform: "tensorflow" '
        f"model_version_policy {{ all {{}} }} }}\n"
        for name in models
    )
    return f"model_config_list {{ {entries} }}"


@pytest.fixture(scope="session")
def server(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with all exported models, for the tests that change nothing."""
    folder = tmp_path_factory.mktemp("server")
    config = folder / "models.config"
    config.write_text(config_for(exported))
    with running(folder, f"--model_config_file={config}", rest=True) as started:
        for name in MODELS:
            started.wait_until(
                name, {2: "AVAILABLE", 1: "AVAILABLE"} if name == "affine" else {1: "AVAILABLE"}
            )
        yield started
