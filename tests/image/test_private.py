"""What is open and what can be read in a container: its ports, its processes' variables, its folders."""

from __future__ import annotations

import base64
import json
import shutil
import tarfile

import pytest

from tests import handmade

SECRETS = ("-e", "AWS_SECRET_ACCESS_KEY=planted-key", "-e", "MY_SECRET=planted-of-ecs")
HANDLER = "def handler(data, context):\n    return context.rest_uri, 'text/plain'\n"
# the addresses of listening TCP sockets, as `ss -ltn` reads them
LISTENING = """
import socket, struct
for table, words in (("tcp", 1), ("tcp6", 4)):
    for line in open(f"/proc/net/{table}").read().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        if state == "0A":
            packed, port = local.split(":")
            raw = b"".join(struct.pack("=I", int(packed[i:i + 8], 16)) for i in range(0, 8 * words, 8))
            print(socket.inet_ntop(socket.AF_INET if words == 1 else socket.AF_INET6, raw), int(port, 16))
"""
# pid, effective uid and command line of all processes
PROCESSES = """
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        words = open(f"/proc/{pid}/cmdline").read().split("\\0")
        uid = open(f"/proc/{pid}/status").read().split("Uid:")[1].split()[1]
    except OSError:
        continue
    print(pid, uid, *" ".join(words).split())
"""


@pytest.fixture
def reading(tmp_path):
    """A folder for /opt/ml/model: a model that answers with the content of a file."""
    handmade.reading(tmp_path / "model" / "1")
    for path in (tmp_path, tmp_path / "model", *(tmp_path / "model").rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o644))
    return tmp_path / "model"


def listening(container):
    lines = container.exec("python", "-c", LISTENING).stdout.splitlines()
    return {(address, int(port)) for address, port in (line.split() for line in lines)}


def processes(container):
    """pid -> (effective uid, command line) of all of the container."""
    lines = container.exec("python", "-c", PROCESSES).stdout.splitlines()
    return {int(pid): (int(uid), " ".join(words)) for pid, uid, *words in map(str.split, lines)}


def read(container, path):
    """What the model answers for a file; "" where it may not be read."""
    status, text = container.ask("POST", "/invocations", json.dumps({"inputs": path}))
    if status != 200:
        return ""
    found = json.loads(text)["outputs"]
    return base64.b64decode(found["b64"]).decode(errors="replace") if isinstance(found, dict) else found


def test_only_nginxs_port_is_open(serving):
    assert {port for _, port in listening(serving)} == {8080}


def test_ports_for_a_models_own_code_are_open_on_loopback_alone(run, model, tmp_path):
    shutil.copytree(model, tmp_path / "model")
    (tmp_path / "model" / "code").mkdir()
    (tmp_path / "model" / "code" / "inference.py").write_text(HANDLER)
    tmp_path.chmod(0o755)
    container = run("-v", f"{tmp_path / 'model'}:/opt/ml/model:ro")
    container.wait_ready()
    inner = {address for address, port in listening(container) if port != 8080}
    assert inner
    assert inner <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


@pytest.mark.parametrize("user", ["", "0", "4242:4242"])
def test_a_models_graph_reads_no_secret_whoever_the_container_runs_as(run, reading, user):
    options = ("--user", user) if user else ()
    container = run(*options, *SECRETS, "-v", f"{reading}:/opt/ml/model:ro")
    container.wait_ready()
    # as a health check, or a person's own command, that runs beside it
    container.exec("sh", "-c", "python -c 'import time; time.sleep(600)' > /dev/null 2>&1 &")
    assert "TMPDIR=" in read(container, "/proc/self/environ"), "the op reads what may be read"
    assert "planted-of-ecs" in container.exec("sh", "-c", "echo $MY_SECRET").stdout
    for pid, (_, command) in processes(container).items():
        assert "planted" not in read(container, f"/proc/{pid}/environ"), command


def test_started_as_root_its_parts_are_several_users(run, reading):
    container = run("--user", "0", "-v", f"{reading}:/opt/ml/model:ro")
    container.wait_ready()
    found = processes(container).values()
    servers, gunicorn, nginx = (
        {uid for uid, command in found if name in command}
        for name in ("neuronserve.cpuserver", "gunicorn", "nginx: worker")
    )
    assert servers == {10002}
    assert gunicorn == {0, 10001}, "its master and its workers"
    assert nginx
    assert not nginx & {0, 10002}
    assert container.exec("python", "-m", "neuronserve.healthcheck").returncode == 0


@pytest.mark.parametrize("user", ["", "0", "4242:4242"])
def test_models_are_kept_in_a_folder_that_is_this_users_own(run, reading, tmp_path, user):
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(reading / "1", "1")
    archive.chmod(0o644)
    options = ("--user", user) if user else ()
    container = run(*options, "-e", "MODEL_URI=/m/model.tar.gz", "-v", f"{tmp_path}:/m:ro")
    container.wait_ready()
    made = container.exec("sh", "-c", "stat -c '%u %a %n' /var/cache/neuronserve/*").stdout.split()
    uid = {"": "10001", "0": "0", "4242:4242": "4242"}[user]
    assert made == [uid, "750" if user == "0" else "700", f"/var/cache/neuronserve/neuronserve-cache-{uid}"]
