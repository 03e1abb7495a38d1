"""Servers that crash, hang, fail and slow down on command."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest

from neuronserve.errors import ModelServerError
from neuronserve.simulator import control
from tests import handmade
from tests.cpuservers import predict_request, wait_for

X = np.float32([[1, 0, 0]])
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def server(simulation):
    handmade.compiled(simulation.model)
    return simulation.start("first", "0-1").available()


def simulator(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "neuronserve.simulator", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip


def test_a_crash_ends_it_at_once_and_frees_its_cores(simulation, server):
    server.controlled.crash()
    assert server.process.wait(30) == -signal.SIGABRT
    simulation.wait_until_owned()


def test_hanging_it_answers_get_model_status_and_no_prediction_until_it_resumes(server):
    server.controlled.hang()
    call = server.begin("Predict", predict_request("m", x=X))
    with pytest.raises(grpc.RpcError) as late:
        server.predict("m", x=X, timeout=0.3)
    assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert server.states("m") == {1: "AVAILABLE"}
    assert not call.done()
    server.controlled.resume()
    assert call.result(60).outputs["y"]


def test_hanging_with_everything_nothing_is_answered_until_it_resumes(server):
    controlled = server.controlled
    controlled.hang(everything=True)
    wait_for(lambda: stopped(server.process.pid), "it is stopped")
    with pytest.raises(grpc.RpcError):
        server._stub("GetModelStatus")(server_status(), timeout=0.3)
    controlled.resume()
    assert server.predict("m", x=X)["y"].shape == (1, 3)


def stopped(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def server_status():
    from neuronserve.messages import get_model_status_pb2

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "m"
    return request


def test_a_frozen_server_can_be_crashed(server):
    controlled = server.controlled
    controlled.hang(everything=True)
    wait_for(lambda: stopped(server.process.pid), "it is stopped")
    controlled.crash()
    assert server.process.wait(30) == -signal.SIGABRT


def test_the_next_predictions_fail_with_an_error_of_the_runtime(server):
    server.controlled.fail(2)
    for _ in range(2):
        with pytest.raises(grpc.RpcError) as failed:
            server.predict("m", x=X)
        assert failed.value.code() == grpc.StatusCode.INTERNAL
        assert "nrt_execute: status=1004" in failed.value.details()
    assert server.predict("m", x=X)["y"].shape == (1, 3)
    assert server.log.read_text().count("Inference completed with err: 1004") == 2


def test_a_core_that_the_server_does_not_own_cannot_be_slowed(server):
    with pytest.raises(ModelServerError, match="slow core 3 by 2: the server owns cores 0-1"):
        server.controlled.slow(3, 2)


def test_servers_are_found_by_tag_pid_and_core(simulation, server):
    second = simulation.start("second", "2-3").available()
    assert [one.holder.tag for one in control.servers(simulation.host)] == ["first", "second"]
    for found in (
        control.find(simulation.host, "second"),
        control.find(simulation.host, second.process.pid),
        control.find(simulation.host, core=3),
    ):
        assert found.holder.pid == second.process.pid
        assert found.cores == (2, 3)
    with pytest.raises(ModelServerError, match="no server third"):
        control.find(simulation.host, "third")


def test_stats_tell_of_each_core_what_it_did_for_whom(simulation, server):
    server.predict("m", x=X)
    found = control.stats(simulation.host)
    assert [found[core].batches for core in range(4)] == [1, 0, 0, 0]
    assert [found[core].tag for core in range(4)] == ["first", "first", "", ""]
    assert found[0].busy_seconds > 0


def test_the_command_line_shows_and_commands(simulation, server):
    folder = simulation.host.folder
    shown = simulator("holders", "--host", folder)
    assert shown.stdout.splitlines()[1].split()[:3] == ["0", str(server.process.pid), "first"]
    assert json.loads(simulator("holders", "--host", folder, "--json").stdout)["2"] is None
    assert simulator("error", 1, "--host", folder, "--core", 1).returncode == 0
    with pytest.raises(grpc.RpcError):
        server.predict("m", x=X)
    assert simulator("delay", 1, "--host", folder, "--server", "first").returncode == 0
    assert simulator("slow", 0, 2, "--host", folder, "--server", "first").returncode == 0
    assert simulator("hang", "--host", folder, "--server", "first").returncode == 0
    assert simulator("resume", "--host", folder, "--server", "first").returncode == 0
    server.predict("m", x=X)
    stats = json.loads(simulator("stats", "--host", folder, "--json").stdout)
    assert stats["0"]["batches"] + stats["1"]["batches"] == 1
    assert simulator("crash", "--host", folder, "--core", 0).returncode == 0
    assert server.process.wait(30) == -signal.SIGABRT


def test_the_command_line_makes_hosts_and_says_what_is_wrong(tmp_path):
    made = simulator("create", "inf1.6xlarge", "--host", tmp_path / "h", "--chips", 2)
    assert made.stdout.startswith("a SIMULATED inf1.6xlarge with 2 chips and 8 NeuronCores")
    wrong = simulator("crash", "--host", tmp_path / "h", "--core", 0)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("error: no server core 0 on the simulated host")
    assert simulator("holders", "--host", tmp_path).returncode == 1
