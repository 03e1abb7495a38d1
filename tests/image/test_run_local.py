"""Rendered task definitions, run on this machine as the ECS agent would: real containers, simulated chips."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from neuronserve.deploy.ecs.rendering import render
from neuronserve.deploy.ecs.rendering.spec import Mode, Network, TaskSpec
from neuronserve.instances import catalogue

sys.path.insert(0, str(Path(__file__).parent))
from trial import Trial, free_ports

SLOTS = 4


@pytest.fixture
def trial(tmp_path, engine):
    made = Trial(tmp_path, engine)
    yield made
    if made.process and made.process.poll() is None:
        made.process.send_signal(signal.SIGTERM)
        made.process.send_signal(signal.SIGTERM)
        made.process.wait(60)
    for name in made.containers():
        engine("rm", "--force", "--volumes", name, check=False)


@pytest.fixture
def volume(compiled):
    return ["--volume", f"{compiled}:/opt/ml/model:ro"]


@pytest.fixture
def web(trial, image):
    """A definition that is not ours: it answers no /ping, and SIGTERM does not end it."""
    container = {
        "name": "web", "image": image, "user": "0", "memory": 64, "stopTimeout": 1,
        "entryPoint": ["python", "-m"], "command": ["http.server", "80"],
        "portMappings": [{"containerPort": 80}],
        "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}],
    }  # fmt: skip
    return {"family": trial.family, "volumes": [{"name": "v"}], "containerDefinitions": [container]}


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


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="device nodes are made by root alone")
def test_each_slot_of_an_instance_answers_on_its_own_port_from_its_own_chip(
    trial, slots, volume, engine, tmp_path
):
    # nodes of one device are told apart by their modes, which the engine takes over
    modes = [0o666, 0o667, 0o676, 0o677]
    for number, mode in enumerate(modes):
        node = tmp_path / f"neuron{number}"
        os.mknod(node, stat.S_IFCHR, os.makedev(1, 3))
        node.chmod(mode)
    trial.start(slots, *volume, "--simulate", "--device-dir", str(tmp_path))
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


def test_sigterm_during_the_load_ends_it_in_good_order(trial, slots, volume):
    trial.start(slots[:1], *volume, "--simulate", "--env", "SERVE_SIMULATE_LOAD_SECONDS=60")
    trial.wait_for("load", lambda: "loading model" in trial.err())
    assert trial.stop() == 0
    assert trial.out() == ""
    assert trial.containers() == []


def test_without_device_nodes_a_model_from_s3_is_healthy_with_the_callers_own_credentials(
    trial, image, compiled, tmp_path
):
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.add(compiled, ".")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        around = {
            "AWS_ENDPOINT_URL": "http://{}:{}".format(*server.get_host_and_port()), "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hush",
        }  # fmt: skip
        s3 = boto3.client(
            "s3", endpoint_url=around["AWS_ENDPOINT_URL"], region_name="us-east-1",
            aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="hush",
        )  # fmt: skip
        s3.create_bucket(Bucket="models")
        s3.upload_file(str(tmp_path / "model.tar.gz"), "models", "model.tar.gz")
        s3.close()
        port = free_ports(1)
        spec = TaskSpec(
            catalogue()["inf1.xlarge"], image, trial.family, model_uri="s3://models/model.tar.gz",
            network=Network.HOST, port=port,
        )  # fmt: skip
        (definition,) = render.task_definitions(spec)
        definition["containerDefinitions"][0]["healthCheck"]["interval"] = 1  # ECS takes 5 at least
        trial.start([definition], "--simulate", "--pass-aws", "--wait", "healthy", **around)
        assert trial.urls(1) == {trial.family: port}
        assert f"{trial.family}: HEALTHY" in trial.err()
        assert ask(port, "POST", "/invocations", '{"instances": [[1.0, 2.0, 5.0]]}')[0] == 200
        assert trial.stop() == 0
        assert "hush" not in trial.err()
    finally:
        server.stop()


def test_the_told_command_ends_what_was_left_running(trial, web, engine):
    trial.start([web], "--detach")
    assert trial.process.wait(60) == 0
    (name,) = trial.containers()
    assert engine("inspect", "--format", "{{.State.Running}}", name).stdout.strip() == "true"
    command = trial.err().splitlines()[-1].partition("what is left: ")[2]
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    assert trial.containers() == []
    assert trial.family not in engine("volume", "ls", "--quiet").stdout


def test_a_container_that_is_removed_from_outside_is_told(trial, web, engine):
    trial.start([web])
    trial.urls(1)
    (name,) = trial.containers()
    engine("rm", "--force", "--volumes", name)
    assert trial.process.wait(60) == 69
    assert trial.err().splitlines()[-1].endswith(f"{name} is gone: something else removed it")
    assert trial.family not in engine("volume", "ls", "--quiet").stdout
