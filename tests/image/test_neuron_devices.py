"""Containers that are given chips as ``--device`` nodes, with the simulated model server behind them.

The nodes are null devices under the names of chips: no Neuron hardware is involved, as the containers say.
"""

from __future__ import annotations

import json
import os
import stat

import pytest

ROW = '{"instances": [[1.0, 2.0, 5.0]]}'

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="device nodes are made by root alone")


@pytest.fixture
def nodes(tmp_path):
    """Device nodes on this machine: neuron0, neuron1, ..., which everybody may open."""

    def make(count):
        made = []
        for number in range(count):
            path = tmp_path / f"neuron{number}"
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            path.chmod(0o666)
            made.append(path)
        return made

    return make


def given(devices):
    """As the ECS agent does it: the host's chips, whatever their numbers, from 0 on."""
    return [word for n, path in enumerate(devices) for word in ("--device", f"{path}:/dev/neuron{n}")]


def test_chips_given_as_devices_are_owned_and_shown(run, nodes, compiled):
    container = run(
        *given(nodes(4)[2:]), "--read-only", "--tmpfs", "/tmp", "-v", f"{compiled}:/opt/ml/model:ro",
        "-e", "MODEL_SERVER=simulator", "-e", "SERVE_INSTANCE_TYPE=inf1.6xlarge",
    )  # fmt: skip
    container.wait_ready()
    status, text = container.ask("POST", "/invocations", ROW)
    assert (status, json.loads(text)) == (200, {"predictions": [[8.0, -3.0, 0.0]]})
    about = json.loads(container.ask("GET", "/")[1])
    assert about["simulated"] is True
    owned = [(chip["device"], [s["cores"] for s in chip["servers"]]) for chip in about["ownership"]["chips"]]
    assert owned == [("/dev/neuron0", ["0-3"]), ("/dev/neuron1", ["4-7"])]
    assert "SIMULATED" in container.logs()


def test_a_whole_pretended_host_needs_no_devices(run, compiled):
    container = run("-e", "SERVE_SIMULATE=inf1.xlarge", "-v", f"{compiled}:/opt/ml/model:ro")
    container.wait_ready()
    assert container.ask("POST", "/invocations", ROW)[0] == 200


def test_the_doctor_in_the_image_names_what_is_wrong(run, nodes, compiled):
    devices = nodes(1)
    container = run(
        "--device", f"{devices[0]}:/dev/neuron1", "-v", f"{compiled}:/opt/ml/model:ro",
        "-e", "MODEL_SERVER=neuron", command=("serve", "doctor", "--json"),
    )  # fmt: skip
    code = container.wait()
    told = json.loads(container.engine("logs", container.id).stdout)
    assert code == told["exit_code"] != 0
    assert any(finding["level"] == "fail" and finding["fix"] for finding in told["findings"])
