"""``serve`` with ``MODEL_SERVER=neuron``, as far as that goes without the hardware.

The chip is a link to a terminal, which is a character device and can be opened; the driver's folder is
written here; and a script that knows TensorFlow Serving's flags stands in for its Neuron build.
"""

import json
import os
import sys

import psutil
import pytest

from tests import handmade

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def host(tmp_path):
    """The settings of a host with one chip of inf1.xlarge, whose model server is a stand-in."""
    ends = os.openpty()
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "neuron0").symlink_to(os.ttyname(ends[1]))
    on_host = os.minor(os.fstat(ends[1]).st_rdev)
    chip = tmp_path / "sys" / "devices" / "virtual" / "neuron_device" / f"neuron{on_host}"
    (chip / "info" / "architecture").mkdir(parents=True)
    (chip / "core_count").write_text("4")
    (chip / "info" / "architecture" / "instance_type").write_text("Inf1\n")
    server = tmp_path / "tensorflow_model_server_neuron"
    server.write_text(f'#!/bin/sh\nexec {sys.executable} -m neuronserve.cpuserver "$@"\n')
    server.chmod(0o755)
    handmade.compiled(tmp_path / "models" / "m" / "1", max_duplicates=2)
    yield {
        "MODEL_URI": tmp_path / "models",
        "MODEL_SERVER_BINARY": server,
        "SERVE_DEVICES_DIR": tmp_path / "dev",
        "SERVE_SYSFS_DIR": tmp_path / "sys",
        "NEURON_RT_LOG_LEVEL": "WARNING",
        "NEURON_RT_NUM_CORES": "4",
        "NEURON_PROCESS_TAG": "mine",
    }
    for end in ends:
        os.close(end)


def test_each_server_is_given_its_cores_and_the_rest_as_it_was_set(serve, host):
    service = serve(MODEL_SERVER="neuron", **host)
    service.wait_ready()
    about = service.get("/").json()
    assert (about["model_server"], about["simulated"]) == ("neuron", False)
    reply = service.post("/invocations", json.dumps({"instances": [[1.0, 2.0, 5.0]]}).encode(), JSON)
    assert reply.json() == {"predictions": [[8.0, -3.0, 0.0]]}
    given = [psutil.Process(server.pid).environ() for server in service.state().servers]
    told = [{name: value for name, value in one.items() if name.startswith("NEURON_")} for one in given]
    assert told == [
        {
            "NEURON_RT_VISIBLE_CORES": cores,
            "NEURON_PROCESS_TAG": f"mine-{number}",
            "NEURON_RT_LOG_LEVEL": "WARNING",
        }
        for number, cores in enumerate(["0-1", "2-3"])
    ]
    assert not any("SIMULATED" in line["message"] for line in service.log())
    assert service.stop() == 0


def test_devices_and_a_server_for_them_are_chosen_without_being_asked_for(serve, host):
    service = serve(**host, NEURON_RT_VISIBLE_CORES="1-2")
    service.wait_ready()
    assert service.state().kind == "neuron"
    assert [server.cores for server in service.state().servers] == ["1-2"]
    assert service.wait_logged("NEURON_RT_VISIBLE_CORES wins over NEURON_RT_NUM_CORES")
    assert service.stop() == 0


def test_a_core_offset_is_what_the_servers_are_told(serve, host):
    service = serve(**host, SERVE_CORE_OFFSET="8")
    service.wait_ready()
    given = [psutil.Process(server.pid).environ() for server in service.state().servers]
    assert [one["NEURON_RT_VISIBLE_CORES"] for one in given] == ["8-9", "10-11"]
    assert service.stop() == 0
