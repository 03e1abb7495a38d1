"""In a checkout a model's own code finds the packages of the image, and no others."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neuronserve.artifact import imagepackages, pins

ROOT = Path(__file__).resolve().parents[3]


def confined(statement: str) -> str:
    """What the statement prints, or the last line of its error, in a process that is confined."""
    program = f"from neuronserve.artifact import imagepackages\nimagepackages.confine()\n{statement}\n"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ran.stdout.strip() or ran.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "module",
    [
        "numpy",
        "requests",
        "boto3",
        "grpc",
        "google.protobuf",
        "werkzeug",
        "dateutil",
        "six",
        "simdjson",
        "json",
    ],
)
def test_the_images_packages_are_found(module: str) -> None:
    assert confined(f"import {module}\nprint({module}.__name__)") == module


@pytest.mark.parametrize(
    "module", ["sklearn", "scipy", "yaml", "pytest", "moto", "setuptools", "keras", "h5py"]
)
def test_what_only_the_checkout_has_is_not_found(module: str) -> None:
    assert importlib.util.find_spec(module)  # here it is; imported, it would stay for all tests
    assert confined(f"import {module}") == f"ModuleNotFoundError: No module named '{module}'"


def test_tensorflows_messages_are_found_and_tensorflow_is_not() -> None:
    module = "tensorflow.core.framework.tensor_pb2"
    assert confined(f"from {module} import TensorProto\nprint(TensorProto(dtype=1).dtype)") == "1"
    assert "cannot import" in confined("from tensorflow import keras") or "No module" in confined(
        "from tensorflow import keras"
    )
    loaded = "from tensorflow_serving.apis import predict_pb2\nprint(predict_pb2.PredictRequest.__name__)"
    assert confined(loaded) == "PredictRequest"


def test_they_are_exactly_those_of_the_lock_at_their_versions() -> None:
    told = confined(
        "import importlib.metadata as m, json\n"
        "print(json.dumps(sorted([d.metadata['Name'], d.version] for d in m.distributions())))"
    )
    found = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in json.loads(told)}
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", imagepackages.LOCK.read_text(), re.MULTILINE))
    assert found == pinned


def test_where_requirements_are_installed_they_are_all_that_is_there() -> None:
    """Or pip would leave out what the checkout has and the image has not."""
    (folder,) = pins.own_packages()
    names = {one.metadata["Name"].lower() for one in importlib.metadata.distributions(path=[str(folder)])}
    assert "numpy" in names
    assert not names & {"scikit-learn", "tensorflow-cpu", "pyyaml", "pytest"}


def test_in_the_image_there_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(imagepackages, "LOCK", tmp_path / "gateway.txt")
    imagepackages.folder.cache_clear()
    before = list(sys.path)
    try:
        imagepackages.confine()
        assert imagepackages.folder() is None
        assert pins.own_packages() == imagepackages.environment()
    finally:
        imagepackages.folder.cache_clear()
    assert sys.path == before


def test_a_folder_that_several_packages_share_has_the_parts_of_each(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for name, files in {
        "one": ["shared/a/__init__.py", "one.py"],
        "two": ["shared/b.py"],
        "three": ["shared/c.py"],
    }.items():
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in [*files, f"{info.name}/METADATA"]))
        for file in files:
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            (site / file).touch()
    found = {d.metadata["Name"]: d for d in importlib.metadata.distributions(path=[str(site)])}
    target = tmp_path / "target"
    imagepackages.link([found["one"], found["two"]], None, target)
    made = sorted(
        str(path.relative_to(target)) for path in target.rglob("*") if path.is_file() or path.is_symlink()
    )
    assert made == ["one-1.0.dist-info", "one.py", "shared/a", "shared/b.py", "two-1.0.dist-info"]
