"""The ways to start the doctor, and to end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from neuronserve.doctor import asking
from tests.cpuservers import wait_for

ROOT = Path(__file__).resolve().parents[3]
WAYS = {
    "serve": [sys.executable, str(ROOT / "serve"), "doctor"],
    "module": [sys.executable, "-m", "neuronserve.doctor"],
    "script": [sys.executable, str(ROOT / "scripts" / "doctor")],
}


def environ(doctor, **more):
    return {"PATH": os.environ["PATH"], "TMPDIR": str(doctor.tmp), "PYTHONPATH": str(ROOT), **more}


@pytest.mark.parametrize("way", WAYS)
def test_it_can_be_started_in_three_ways(doctor, way):
    done = subprocess.run(
        [*WAYS[way], "--json", "--only", "settings"],
        env=environ(doctor, SERVE_DRAIN_SECONDS="x"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["exit_code"] == 2


@pytest.mark.parametrize("words", [["--help"], ["doctor", "--help"]])
def test_the_usage_tells_of_it(doctor, words):
    done = subprocess.run(
        [sys.executable, "serve", *words],
        env=environ(doctor),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "doctor" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_leaves_nothing_behind(doctor, tmp_path, number):
    pid = tmp_path / "pid"
    hangs = tmp_path / "tensorflow_model_server"
    hangs.write_text(f"#!/bin/sh\necho $$ > {pid}.new; mv {pid}.new {pid}\nexec sleep 600\n")
    hangs.chmod(0o755)
    given = environ(doctor, MODEL_SERVER="tensorflow", MODEL_SERVER_BINARY=str(hangs))
    with subprocess.Popen(WAYS["serve"], env=given, cwd=ROOT, stdout=subprocess.PIPE) as running:
        wait_for(pid.exists, "it asks the model server")
        running.send_signal(number)
        running.communicate(timeout=30)
    assert running.returncode == 128 + number
    assert not _runs(int(pid.read_text()))


def test_a_program_that_does_not_end_is_given_up_with_all_that_it_started(tmp_path):
    pid = tmp_path / "pid"
    ran = asking.run(["sh", "-c", f"sleep 600 & echo $! > {pid}; wait"], 0.5)
    assert (ran.code, ran.why) == (None, "did not end within 0.5 s")
    wait_for(lambda: not _runs(int(pid.read_text())), "its child is gone")


def test_whoever_stops_reading_gets_no_traceback(doctor):
    with subprocess.Popen(
        WAYS["serve"], env=environ(doctor), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdout.readline()
        running.stdout.close()
        errors = running.stderr.read()
    assert errors == b""
    assert running.returncode == 11  # there is no model


def _runs(pid):
    try:
        return b"\nState:\tZ" not in Path(f"/proc/{pid}/status").read_bytes()
    except FileNotFoundError:
        return False
