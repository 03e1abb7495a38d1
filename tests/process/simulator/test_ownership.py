"""Real servers and the cores they own: exclusively, to their end, and sometimes a little longer."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from neuronserve.simulator.ownership import holders
from tests import handmade
from tests.cpuservers import wait_for

ROOT = Path(__file__).resolve().parents[3]
SAID = "SIMULATED Neuron model server: nothing runs on Neuron hardware"


def run(environ, *flags):
    return subprocess.run(
        [sys.executable, "-m", "neuronserve.simulator.server", *flags],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
    )  # fmt: skip


def refused(simulation, **environ):
    ended = run(
        {"SERVE_SIMULATE_HOST": str(simulation.host.folder), **environ}, "--port=0",
        f"--grpc_socket_path={simulation.folder / 'refused'}", f"--model_base_path={simulation.folder / 'm'}",
    )  # fmt: skip
    assert ended.returncode == 255
    return ended.stderr


def test_a_server_owns_its_cores_and_says_who_it_is(simulation):
    handmade.compiled(simulation.model)
    server = simulation.start("a", "1-2").available()
    found = holders(simulation.host)
    assert [core for core, holder in found.items() if holder] == [1, 2]
    assert found[1] == found[2]
    assert (found[1].pid, found[1].tag) == (server.process.pid, "a")
    assert "neuronserve/simulator/server.py" in found[1].command


def test_without_a_range_it_owns_all_and_a_second_server_is_refused_with_the_runtimes_line(simulation):
    handmade.compiled(simulation.model)
    simulation.start("a").available()
    said = refused(simulation)
    assert (
        "NRT:nrt_allocate_neuron_cores               NeuronCore(s) not available - Requested:4 Available:0"
        in said
    )
    assert 'nrt_init: status=1, error message="Non specific failure"' in said
    assert simulation.owned() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("cores", "line"),
    [
        ("2-5", "NeuronCore(s) not available - Requested:4 Available:2"),
        ("3-0", "Invalid NEURON_RT_VISIBLE_CORES: 3-0"),
        ("0,2", "Invalid NEURON_RT_VISIBLE_CORES: 0,2"),
    ],
)
def test_cores_that_are_not_there_or_no_range_are_refused(simulation, cores, line):
    handmade.compiled(simulation.model)
    assert line in refused(simulation, NEURON_RT_VISIBLE_CORES=cores)
    assert simulation.owned() == []


def test_it_ignores_sigterm_and_its_cores_are_free_when_it_is_killed(simulation):
    handmade.compiled(simulation.model)
    server = simulation.start("a", "0-1").available()
    server.process.send_signal(signal.SIGTERM)
    assert server.predict("m", x=np.float32([[1, 0, 0]]))["y"].shape == (1, 3)
    assert server.process.poll() is None
    assert server.kill() == -signal.SIGKILL
    simulation.wait_until_owned()
    simulation.start("b", "0-3").available()


def test_late_cores_stay_owned_after_their_server(simulation):
    handmade.compiled(simulation.model)
    server = simulation.start("a", "0-1", SERVE_SIMULATE_FREE_SECONDS="3600").available()
    (keeper,) = psutil.Process(server.process.pid).children()
    assert os.getsid(keeper.pid) != os.getsid(server.process.pid)
    server.kill()
    assert "Requested:2 Available:0" in refused(simulation, NEURON_RT_VISIBLE_CORES="0-1")
    assert simulation.owned() == [0, 1]
    shutil.rmtree(simulation.host.folder)
    wait_for(lambda: not alive(keeper), "the keeper is gone")


def test_late_cores_become_free(simulation):
    handmade.compiled(simulation.model)
    server = simulation.start("a", "0-1", SERVE_SIMULATE_FREE_SECONDS="0.2").available()
    (keeper,) = psutil.Process(server.process.pid).children()
    server.kill()
    simulation.wait_until_owned()
    wait_for(lambda: not alive(keeper), "the keeper is gone")


def test_a_keeper_leaves_with_the_folder_of_its_host(simulation):
    handmade.compiled(simulation.model)
    server = simulation.start("a", SERVE_SIMULATE_FREE_SECONDS="3600").available()
    (keeper,) = psutil.Process(server.process.pid).children()
    server.kill()
    shutil.rmtree(simulation.host.folder)
    wait_for(lambda: not alive(keeper), "the keeper is gone")


def test_a_keeper_holds_none_of_the_servers_streams(simulation):
    handmade.compiled(simulation.model)
    server = simulation.start("a", SERVE_SIMULATE_FREE_SECONDS="3600").available()
    (keeper,) = psutil.Process(server.process.pid).children()
    links = {int(link.name): str(link.readlink()) for link in Path(f"/proc/{keeper.pid}/fd").iterdir()}
    assert [links.pop(number) for number in (0, 1, 2)] == ["/dev/null"] * 3
    assert str(server.log) not in links.values()
    assert not any(link.startswith("socket:") for link in links.values())
    server.kill()
    shutil.rmtree(simulation.host.folder)
    wait_for(lambda: not alive(keeper), "the keeper is gone")


def alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False


def test_it_says_that_it_is_simulated_wherever_one_looks(simulation):
    handmade.compiled(simulation.model)
    server = simulation.start("a", rest=True).available()
    assert SAID in server.log.read_text().splitlines()[0]
    assert server.status("m")[0].status.error_message == SAID
    status, body = server.http("/v1/models/m")
    assert status == 200
    assert SAID in body
    assert SAID in run({}, "--version").stdout


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"SERVE_SIMULATE_HOST": ""}, "SERVE_SIMULATE_HOST=: expected the folder of a simulated Neuron host"),
        ({"SERVE_SIMULATE_HOST": "/nowhere"}, "/nowhere is no simulated Neuron host"),
    ],
)
def test_without_a_host_it_ends_and_says_what_to_do(environ, text):
    ended = run(environ, "--model_base_path=/m")
    assert ended.returncode == 255
    assert text in ended.stderr


def test_a_wrong_command_line_ends_it_before_it_takes_cores(simulation):
    ended = run({"SERVE_SIMULATE_HOST": str(simulation.host.folder)}, "--port=many")
    assert ended.returncode == 255
    assert "Couldn't interpret value many for flag port" in ended.stderr
