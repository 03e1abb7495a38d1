"""The neuron target's build, against a local repository that stands in for AWS's.

What this proves: the arguments, the signature check, the pins, the paths and the environment. What it
cannot: the real packages, which need AWS's repository and, to run, Neuron devices.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import apt_repository
import pytest

ROOT = Path(__file__).parents[2]
TAG = "neuronserve:neuron-stand-in"
SERVER = "/usr/local/bin/tensorflow_model_server_neuron"
PINNED = {
    "tensorflow-model-server-neuronx": "2.10.1.2.12.2.0",
    "aws-neuronx-tools": "2.9.5.0",
    "aws-neuronx-runtime-lib": "2.12.23.0",
    "aws-neuronx-collectives": "2.12.35.0",
}
FILES = {
    "tensorflow-model-server-neuronx": {SERVER: "#!/bin/sh\necho stand-in $LD_LIBRARY_PATH\n"},
    "aws-neuronx-tools": {"/opt/aws/neuron/bin/neuron-ls": "#!/bin/sh\necho '[]'\n"},
    "aws-neuronx-runtime-lib": {"/opt/aws/neuron/lib/libnrt.so.1": "stand-in"},
    "aws-neuronx-collectives": {"/opt/aws/neuron/lib/libnccom.so.2": "stand-in"},
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("apt")
    pool = folder / "pool"
    pool.mkdir()
    debs = [
        apt_repository.build_package(pool, name, version, FILES[name]) for name, version in PINNED.items()
    ]
    # newer ones that drop Inf1: the pins must keep them out
    debs += [
        apt_repository.build_package(
            pool, "aws-neuronx-runtime-lib", "2.23.112.0", {"/opt/aws/neuron/NEW": ""}
        ),
        apt_repository.build_package(
            pool, "aws-neuronx-tools", "2.22.61.0", {"/opt/aws/neuron/NEW-TOOLS": ""}
        ),
    ]
    apt_repository.publish(folder, debs, tmp_path_factory.mktemp("gpg") / "home")
    with apt_repository.served(folder) as address:
        yield folder, address


def build(address, *arguments, tag=TAG):
    """scripts/image for the neuron target, on the host's network, where the repository listens."""
    given = [f"NEURON_APT={address}", f"NEURON_APT_KEY={address}/KEY.PUB", *arguments]
    words = [word for argument in given for word in ("--build-arg", argument)]
    return subprocess.run(
        [sys.executable, "scripts/image", "--target", "neuron", "--tag", tag, "--network", "host", *words],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip


@pytest.fixture(scope="module")
def neuron(engine, repository):
    folder, address = repository
    checksum = hashlib.sha256((folder / "KEY.PUB").read_bytes()).hexdigest()
    built = build(address, f"NEURON_APT_KEY_SHA256={checksum}")
    assert built.returncode == 0, built.stdout + built.stderr
    yield TAG
    engine("rmi", "--force", TAG, check=False)


def inside(engine, tag, script):
    return engine(
        "run", "--rm", "--no-healthcheck", "--network", "none", tag, "sh", "-c", script
    ).stdout.strip()


def test_the_pinned_packages_are_installed_although_newer_ones_are_offered(engine, neuron):
    listed = inside(engine, neuron, "dpkg-query -W -f '${Package} ${Version}\\n' | grep neuron")
    assert dict(line.split() for line in listed.splitlines()) == PINNED


def test_the_server_the_tools_and_the_libraries_are_where_they_are_looked_for(engine, neuron):
    script = (
        "for tool in tensorflow_model_server_neuron neuron-ls serve; do command -v $tool; done; "
        "tensorflow_model_server_neuron"
    )
    assert inside(engine, neuron, script).splitlines() == [
        SERVER, "/opt/aws/neuron/bin/neuron-ls", "/opt/neuronserve/app/serve", "stand-in /opt/aws/neuron/lib",
    ]  # fmt: skip


def test_neither_the_address_nor_the_key_nor_tensorflow_is_left(engine, neuron, repository):
    left = "ls /etc/apt/sources.list.d /etc/apt/keyrings /var/lib/apt/lists /tmp /opt/neuronserve"
    text = inside(engine, neuron, left)
    assert "neuron.list" not in text
    assert "neuron.asc" not in text
    assert "_neuron_packages" not in text
    assert "cpuserver" not in text


def test_it_runs_as_the_same_user_with_the_same_labels(engine, neuron):
    config = engine.inspect(neuron)["Config"]
    assert config["User"] == "10001:10001"
    assert config["Cmd"] == ["serve"]
    assert config["Labels"]["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        (f"NEURON_APT_KEY_SHA256={'0' * 64}", "expected 0000"),
        ("NEURON_APT_KEY=http://127.0.0.1:1/KEY", "cannot be read"),
        ("NEURON_PACKAGES=aws-neuronx-tools", "has no version for aws-neuronx-tools"),
        ("NEURON_APT_KEY=", "needs --build-arg NEURON_APT_KEY"),
    ],
    ids=["another-key", "no-such-key", "no-version", "no-argument"],
)
def test_a_wrong_argument_ends_the_build_and_is_named(repository, argument, complaint):
    built = build(repository[1], argument, tag="neuronserve:never")
    assert built.returncode != 0
    assert complaint in built.stdout + built.stderr


def test_a_repository_signed_with_another_key_is_refused(repository, tmp_path):
    other = apt_repository.publish(tmp_path / "other", [], tmp_path / "home")
    with apt_repository.served(other.parent) as address:
        built = build(repository[1], f"NEURON_APT_KEY={address}/KEY.PUB", tag="neuronserve:never")
    assert built.returncode != 0
    assert "not signed" in built.stdout + built.stderr or "NO_PUBKEY" in built.stdout + built.stderr
