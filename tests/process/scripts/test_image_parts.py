"""The programs that the image's build runs, and how the build is asked for."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
KEY = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"


def test_only_message_modules_are_taken_from_tensorflow_and_they_load_without_it(tmp_path):
    program = ROOT / "scripts" / "_extract_messages.py"
    subprocess.run([sys.executable, program, tmp_path], check=True, capture_output=True)
    files = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 30
    assert {path.name for path in files if not path.name.endswith("_pb2.py")} <= {"__init__.py"}
    assert not (tmp_path / "tensorflow" / "__init__.py").exists()
    # the folder shadows the installed TensorFlow, as if only it were there
    code = "import sys; from neuronserve import messages as m; print(m.tensor_pb2.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert told.stdout.startswith(str(tmp_path)) or "site-packages" in told.stdout


@pytest.fixture
def key(tmp_path):
    file = tmp_path / "KEY.PUB"
    file.write_bytes(KEY)
    return file.as_uri()


def test_a_signing_key_is_taken_when_its_checksum_is_the_wanted_one(key):
    import _neuron_packages

    assert _neuron_packages.fetch_key(key, hashlib.sha256(KEY).hexdigest().upper()) == KEY
    assert _neuron_packages.fetch_key(key, "") == KEY


@pytest.mark.parametrize(
    ("text", "checksum", "complaint"),
    [(KEY, "0" * 64, "expected 000"), (b"<html>", "", "no OpenPGP key"), (None, "", "cannot be read")],
)
def test_a_key_that_is_another_or_none_ends_the_build(tmp_path, text, checksum, complaint):
    import _neuron_packages

    file = tmp_path / "key"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(SystemExit, match=complaint):
        _neuron_packages.fetch_key(file.as_uri(), checksum)


def test_all_missing_build_arguments_are_named_at_once():
    import _neuron_packages

    with pytest.raises(SystemExit, match="--build-arg NEURON_APT and --build-arg NEURON_APT_KEY;"):
        _neuron_packages.required(
            {"NEURON_APT_SUITE": "focal", "NEURON_APT_COMPONENT": "main", "NEURON_PACKAGES": "a=1"}
        )


@pytest.mark.parametrize("packages", ["a", "a=1 b", "a= b=1", "=1"])
def test_a_package_without_a_version_is_refused(packages):
    import _neuron_packages

    with pytest.raises(SystemExit, match="has no version"):
        _neuron_packages.pinned(packages)


@pytest.fixture
def fake_engine(tmp_path, monkeypatch):
    """An engine that answers ``info`` and nothing else."""
    program = tmp_path / "bin" / "fake-engine"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho podman version 9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return "fake-engine"


def test_engine_base_target_and_tag_reach_the_build(script, fake_engine):
    done = script(
        "image", "--dry-run", "--target", "neuron", "--tag", "mine:1", "--build-arg", "NEURON_APT=http://mirror",
        CONTAINER_ENGINE=fake_engine, BASE_IMAGE="local/debian:12",
    )  # fmt: skip
    words = shlex.split(done.stdout)
    assert words[:4] == ["fake-engine", "build", "--format", "docker"]
    assert words[-1] == str(ROOT)
    for wanted in ("mine:1", "neuron", "BASE_IMAGE=local/debian:12", "NEURON_APT=http://mirror"):
        assert wanted in words


def test_a_base_image_with_a_digest_is_built_on_and_named_in_the_labels(script, fake_engine):
    digest = "sha256:" + "a" * 64
    done = script(
        "image", "--dry-run", "--base-image", f"debian:bookworm-slim@{digest}",
        CONTAINER_ENGINE=fake_engine, BASE_IMAGE="local/debian:12",
    )  # fmt: skip
    words = shlex.split(done.stdout)
    arguments = [words[i + 1] for i, word in enumerate(words) if word == "--build-arg"]
    assert f"BASE_IMAGE=debian:bookworm-slim@{digest}" in arguments
    assert "BASE_NAME=debian:bookworm-slim" in arguments
    assert f"BASE_DIGEST={digest}" in arguments
    assert "local/debian:12" not in done.stdout


def test_an_engine_that_is_not_there_is_named(script):
    done = script("image", "--dry-run", CONTAINER_ENGINE="no-such-engine")
    assert done.returncode != 0
    assert "no-such-engine" in done.stderr
