"""Fixtures that several parts of the house share."""

import os
import shutil
from pathlib import Path

import pytest

_COMPILED = Path(__file__).resolve().parents[2] / "shared" / "data" / "compiled"


@pytest.fixture(scope="session")
def compiled_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Real models compiled for Inferentia, unpacked: name -> a folder with one folder per version."""
    source = Path(os.environ.get("NEURONSERVE_COMPILED", _COMPILED))
    archives = sorted(source.glob("*.tar.gz")) if source.is_dir() else []
    if not archives:
        pytest.skip("no compiled models; NEURONSERVE_COMPILED names a folder that has them as .tar.gz")
    models = {}
    for archive in archives:
        target = tmp_path_factory.mktemp("compiled") / archive.name.removesuffix(".tar.gz")
        shutil.unpack_archive(archive, target)  # extractall's filter is not in Debian's Python 3.11.2
        models[target.name] = target
    return models
