"""Rendered task definitions, run on this machine as the ECS agent would: real containers, simulated chips."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest

from neuronserve.deploy.ecs.local.plan import LABEL
from neuronserve.deploy.ecs.rendering import render
from neuronserve.deploy.ecs.rendering.spec import Mode, TaskSpec
from neuronserve.instances import catalogue
from tests import handmade

ROOT = Path(__file__).resolve().parents[2]
SLOTS = 4


class Trial:
    """``run-local`` with some definitions; what it printed is in ``out`` and ``err``."""

    def __init__(self, folder, engine, compiled):
        self.family = f"try{os.getpid()}"
        self._folder, self._engine = folder, engine
        self._volume = ["--volume", f"{compiled}:/opt/ml/model:ro"]
        self.process = None

    def start(self, requests, *options):
        file = self._folder / "tasks.json"
        file.write_text(json.dumps(requests))
        with (self._folder / "out").open("w") as out, (self._folder / "err").open("w") as err:
            self.process = subprocess.Popen(
                [ROOT / "scripts" / "ecs", "run-local", file, *self._volume, *options],
                env={**os.environ, "CONTAINER_ENGINE": self._engine.program}, cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip
        return self

    def out(self):
        return (self._folder / "out").read_text()

    def err(self):
        return (self._folder / "err").read_text()

    def wait_for(self, what, look, seconds=240):
        end = time.monotonic() + seconds
        while not look():
            assert self.process.poll() is None, f"ended before {what}: {self.err()}"
            assert time.monotonic() < end, f"no {what}: {self.err()}"
            time.sleep(0.1)

    def urls(self, count):
        """Task -> port on this machine, once all are ready."""
        self.wait_for(f"{count} ready tasks", lambda: self.out().count("\n") == count)
        lines = [line.split() for line in self.out().splitlines()]
        return {name: int(url.rpartition(":")[2]) for name, url in lines}

    def containers(self):
        """Names of the containers of this trial."""
        names = self._engine(
            "ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.Names}}"
        ).stdout.split()
        return [name for name in names if self.family in name]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


@pytest.fixture
def compiled(tmp_path):
    folder = tmp_path / "compiled"
    handmade.compiled(folder / "1")
    for path in (tmp_path, folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o644))
    return folder


@pytest.fixture
def trial(tmp_path, engine, compiled):
    made = Trial(tmp_path, engine, compiled)
    yield made
    if made.process and made.process.poll() is None:
        made.process.send_signal(signal.SIGTERM)
        made.process.send_signal(signal.SIGTERM)
        made.process.wait(60)
    for name in made.containers():
        engine("rm", "--force", "--volumes", name, check=False)


@pytest.fixture
def slots(trial, image):
    """An inf1.6xlarge in four tasks, read-only, with ports that are free here."""
    spec = TaskSpec(
        catalogue()["inf1.6xlarge"], image, trial.family, mode=Mode.SLOTS, slots=SLOTS, read_only=True,
        host_port=free_ports(SLOTS),
    )  # fmt: skip
    return render.task_definitions(spec)


def inside(engine, name):
    """The mode of the container's one chip, and whether its root can be written."""
    script = (
        "import os, pathlib; (chip,) = pathlib.Path('/dev').glob('neuron*'); "
        "print(f'{chip.stat().st_mode & 0o777:o}', 'writable' if os.access('/var', os.W_OK) else 'read-only')"
    )
    return engine("exec", "--user", "0", name, "python", "-c", script).stdout.strip()


def free_ports(count):
    """The first of so many in a row, below those that are given out by the system."""
    for first in range(20_000 + os.getpid() % 5_000, 32_000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="device nodes are made by root alone")
def test_each_slot_of_an_instance_answers_on_its_own_port_from_its_own_chip(trial, slots, engine, tmp_path):
    # nodes of one device are told apart by their modes, which the engine takes over
    modes = [0o666, 0o667, 0o676, 0o677]
    for number, mode in enumerate(modes):
        node = tmp_path / f"neuron{number}"
        os.mknod(node, stat.S_IFCHR, os.makedev(1, 3))
        node.chmod(mode)
    trial.start(slots, "--simulate", "--device-dir", str(tmp_path))
    ports = trial.urls(SLOTS)
    mapped = [request["containerDefinitions"][0]["portMappings"][0]["hostPort"] for request in slots]
    assert ports == {request["family"]: port for request, port in zip(slots, mapped, strict=True)}
    for port in ports.values():
        assert ask(port, "POST", "/invocations", '{"instances": [[1.0, 2.0, 5.0]]}') == (
            200, {"predictions": [[8.0, -3.0, 0.0]]},
        )  # fmt: skip
        chips = ask(port, "GET", "/")[1]["ownership"]["chips"]
        assert [(c["device"], [s["cores"] for s in c["servers"]]) for c in chips] == [
            ("/dev/neuron0", ["0-3"])
        ]
    seen = [inside(engine, name) for name in sorted(trial.containers())]
    assert seen == [f"{mode:o} read-only" for mode in modes]
    assert trial.stop() == 0
    assert trial.containers() == []
    assert trial.err().count("stopped as asked") == SLOTS


def test_one_slot_becomes_healthy_without_any_device_node(trial, slots):
    trial.start(slots[2:3], "--simulate", "--wait", "healthy")
    trial.urls(1)
    assert f"{trial.family}-slot2: HEALTHY" in trial.err()
    assert trial.stop() == 0
    assert trial.containers() == []


def test_a_container_that_fails_ends_its_task_with_its_own_exit_code(trial, slots):
    trial.start(slots[:1], "--simulate", "--env", "MODEL_URI=/nowhere/model.tar.gz")
    assert trial.process.wait(120) == 11
    assert f"{trial.family}-slot0: 11: no such bucket, key, prefix or path" in trial.err()
    assert "not restarted: the restart policy ignores exit code 11" in trial.err()
    assert trial.containers() == []


def test_two_tasks_with_one_chip_are_refused_before_anything_starts(trial, slots):
    devices = slots[0]["containerDefinitions"][0]["linuxParameters"]["devices"]
    slots[1]["containerDefinitions"][0]["linuxParameters"]["devices"] = devices
    trial.start(slots, "--simulate")
    assert trial.process.wait(60) == 2
    assert "both own /dev/neuron0" in trial.err()
    assert trial.containers() == []


def test_a_port_that_is_taken_is_the_engines_own_reason_and_leaves_nothing(trial, slots):
    port = slots[0]["containerDefinitions"][0]["portMappings"][0]["hostPort"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        trial.start(slots[:1], "--simulate")
        assert trial.process.wait(120) == 69
    assert "address already in use" in trial.err().splitlines()[-1]
    assert trial.containers() == []
