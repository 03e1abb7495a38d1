"""run-local as a process, with a stand-in for the engine: signals, exit codes, and what is left behind."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = (
    "import sys; from neuronserve.deploy import program; from neuronserve.deploy.ecs.verbs import run_local; "
    "sys.exit(program.single('run-local', run_local))"
)


class Trial:
    def __init__(self, folder):
        self.folder = folder
        self.engine = folder / "engine"
        shutil.copy(Path(__file__).with_name("standin_engine.py"), self.engine)
        self.engine.chmod(0o755)
        self.process = None

    def start(self, *containers, options=(), **environ):
        """``containers``: definitions; each is a task of its own."""
        file = self.folder / "tasks.json"
        tasks = [{"family": c["name"], "containerDefinitions": [{"image": "image", **c}]} for c in containers]
        file.write_text(json.dumps(tasks))
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        with (self.folder / "out").open("w") as out, (self.folder / "err").open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(file), "--engine", str(self.engine), *options],
                env={"PATH": path, "HOME": str(self.folder), "STANDIN": str(self.folder), **environ},
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip
        return self

    def signal(self, number):
        self.process.send_signal(number)

    def wait_for(self, what, look, seconds=60):
        end = time.monotonic() + seconds
        while not (found := look()):
            assert self.process.poll() is None or look(), f"ended before {what}: {self.err()}"
            assert time.monotonic() < end, f"no {what}: {self.err()}"
            time.sleep(0.02)
        return found

    def wait(self):
        return self.process.wait(60)

    def calls(self, verb):
        lines = (self.folder / "calls").read_text().splitlines() if (self.folder / "calls").exists() else []
        return [call for call in map(json.loads, lines) if call["verb"] == verb]

    def out(self):
        return (self.folder / "out").read_text()

    def err(self):
        return (self.folder / "err").read_text()

    def end_container(self, code):
        """All that run end by themselves."""
        for up in self.folder.glob("*.up"):
            up.with_suffix(".code").write_text(str(code))
            up.unlink()

    def left(self):
        return sorted(p.name for p in self.folder.iterdir() if p.suffix in (".up", ".code"))


@pytest.fixture
def trial(tmp_path):
    made = Trial(tmp_path)
    yield made
    if made.process and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    made.end_container(0)  # what follows its log ends then


@pytest.fixture
def server():
    """An HTTP server; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/ping" else 500)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made.server_port
        made.shutdown()
        thread.join()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_containers_in_their_time_and_leaves_nothing(trial, number):
    trial.start({"name": "a", "stopTimeout": 45}, {"name": "b"}, options=["--wait", "no"])
    trial.wait_for("readiness", lambda: trial.out().count("\n") == 2)
    trial.signal(number)
    assert trial.wait() == 0
    assert sorted(call["words"][1] for call in trial.calls("stop")) == ["30", "45"]
    assert trial.left() == []
    assert f"a: stopping: {number.name}" in trial.err()


def test_a_second_signal_kills_at_once(trial):
    (trial.folder / "stubborn").touch()
    trial.start({"name": "a", "stopTimeout": 3000}, options=["--wait", "no"])
    trial.wait_for("readiness", trial.out)
    trial.signal(signal.SIGINT)
    trial.wait_for("stop", lambda: trial.calls("stop"))
    trial.signal(signal.SIGINT)
    assert trial.wait() == 137
    assert trial.left() == []


def test_logs_of_both_streams_come_with_the_tasks_name(trial):
    trial.start({"name": "a"}, options=["--wait", "no"])
    trial.wait_for("logs", lambda: "a | another, on the other stream\n" in trial.err())
    trial.signal(signal.SIGTERM)
    assert trial.wait() == 0
    assert "a | a line\n" in trial.err()


def test_the_exit_code_is_the_containers_own(trial):
    trial.start({"name": "a"}, options=["--wait", "no"])
    trial.wait_for("readiness", trial.out)
    trial.end_container(36)
    assert trial.wait() == 36
    assert "a: 36: the model needs more NeuronCores than there are" in trial.err()
    assert trial.left() == []


def test_ready_is_what_answers_on_its_port(trial, server):
    port = {"containerPort": 8080, "hostPort": server}
    trial.start({"name": "a", "portMappings": [port]})
    assert trial.wait_for("readiness", trial.out) == f"a  http://127.0.0.1:{server}\n"
    trial.signal(signal.SIGTERM)
    assert trial.wait() == 0


def test_a_refusal_of_the_engine_is_one_line_and_leaves_nothing(trial):
    (trial.folder / "refuses").touch()
    assert trial.start({"name": "a"}).wait() == 69
    last = trial.err().splitlines()[-1]
    assert last.endswith("run: docker: Error response from daemon: driver failed programming")
    assert trial.left() == []


def test_secrets_reach_the_engine_in_its_environment_only(trial):
    secret = {"name": "GIVEN_SECRET", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/x"}
    trial.start(
        {"name": "a", "secrets": [secret]}, options=["--wait", "no", "--env", "GIVEN_B=hush-b"],
        GIVEN_SECRET="hush-a",
    )  # fmt: skip
    trial.wait_for("readiness", trial.out)
    trial.signal(signal.SIGTERM)
    trial.wait()
    (ran,) = trial.calls("run")
    assert ran["given"] == {"GIVEN_SECRET": "hush-a", "GIVEN_B": "hush-b"}
    assert "hush" not in json.dumps(ran["words"]) + trial.out() + trial.err()


def test_detached_containers_run_on(trial):
    assert trial.start({"name": "a"}, options=["--wait", "no", "--detach"]).wait() == 0
    assert [name.rpartition(".")[2] for name in trial.left()] == ["up"]
    assert f"{trial.engine} stop neuronserve-" in trial.err()
    assert f"{trial.engine} rm --volumes neuronserve-" in trial.err()
