"""The service that the doctor starts: it is gone when the doctor is, and disturbs nobody."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import psutil
import pytest

from neuronserve.simulator.ownership import holders
from tests import handmade
from tests.cpuservers import wait_for
from tests.process.conftest import ROOT


@pytest.fixture
def hanging(tmp_path):
    """What keeps a start from becoming ready: code that takes its time to be loaded."""
    handmade.doubling(tmp_path / "h" / "1")
    recorded = tmp_path / "warm.jsonl"
    recorded.write_text('{"instances": [[1, 2]]}\n' * 200_000)
    return {"MODEL_SERVER": "cpu", "MODEL_URI": str(tmp_path / "h"), "SERVE_WARMUP": str(recorded)}


def test_on_neuron_cores_it_is_started_when_asked_and_gives_them_back(doctor):
    found = doctor("--start")
    assert (found.code, found.faults()) == (0, [])
    assert found.of("start")[0]["level"] == "ok"
    assert not any(holders(doctor.host).values())


def test_on_neuron_cores_it_is_left_out_unasked(doctor):
    [left_out] = doctor().of("start")
    assert left_out["level"] == "skip"
    assert "--start" in left_out["message"]


def test_it_is_left_out_where_that_is_asked_for(doctor, tmp_path):
    handmade.doubling(tmp_path / "h" / "1")
    found = doctor("--no-start", MODEL_SERVER="cpu", MODEL_URI=str(tmp_path / "h"))
    assert found.code == 0
    assert [one["level"] for one in found.of("start")] == ["skip"]


def test_what_takes_too_long_is_given_up_and_gone(doctor, hanging):
    found = doctor("--timeout", "5", **hanging)
    [left_out] = found.of("start")
    assert (found.code, left_out["level"]) == (0, "skip")
    assert "not ready within 5 s" in left_out["message"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_the_doctor(doctor, hanging, number):
    environ = {**doctor.environ, **hanging, "PATH": os.environ["PATH"]}
    environ |= {"TMPDIR": str(doctor.tmp), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(ROOT / "serve"), "doctor"], env=environ, cwd=ROOT, stdout=subprocess.PIPE
    ) as running:
        family = psutil.Process(running.pid)
        started = wait_for(lambda: _named(family, "--grpc_socket_path="), "its model server")
        everybody = family.children(recursive=True)
        running.send_signal(number)
        running.communicate(timeout=60)
    assert started
    wait_for(lambda: not any(map(_runs, everybody)), "all of them gone")
    if number == signal.SIGKILL:  # nobody was left to tidy up
        for path in doctor.tmp.iterdir():
            shutil.rmtree(path)


def _named(parent, word):
    try:
        return [p for p in parent.children(recursive=True) if any(word in one for one in p.cmdline())]
    except psutil.Error:
        return []


def _runs(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
