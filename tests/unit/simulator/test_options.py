"""The simulation's own settings, and its program."""

import subprocess
import sys
from pathlib import Path

import pytest

from neuronserve.errors import SettingsError
from neuronserve.simulator import program
from neuronserve.simulator.options import Options


def test_only_the_host_has_no_default():
    assert Options.from_environ({"SERVE_SIMULATE_HOST": "/h"}) == Options(Path("/h"), 0, 0, 0)


def test_milliseconds_become_seconds():
    environ = {
        "SERVE_SIMULATE_HOST": "/h",
        "SERVE_SIMULATE_SERVICE_MS": "12.5",
        "SERVE_SIMULATE_LOAD_SECONDS": "3",
        "SERVE_SIMULATE_FREE_SECONDS": "0.5",
    }
    assert Options.from_environ(environ) == Options(Path("/h"), 3, 0.0125, 0.5)


def test_all_that_is_wrong_is_named_together():
    with pytest.raises(SettingsError) as caught:
        Options.from_environ({"SERVE_SIMULATE_SERVICE_MS": "soon", "SERVE_SIMULATE_LOAD_SECONDS": "-1"})
    faults = caught.value.faults
    assert faults[0].startswith("SERVE_SIMULATE_HOST=: expected the folder of a simulated Neuron host")
    assert faults[1] == "SERVE_SIMULATE_LOAD_SECONDS=-1: expected a number from 0 to 3600"
    assert faults[2].startswith("SERVE_SIMULATE_SERVICE_MS=soon: expected a number")


def test_the_program_has_the_real_ones_name_and_says_that_it_is_simulated(tmp_path):
    path = program.install(tmp_path / "a folder" / "bin", Path(sys.executable))
    assert path.name == "tensorflow_model_server_neuron"
    assert "SIMULATED" in path.read_text()
    ended = subprocess.run([path, "--version"], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "SIMULATED Neuron model server: nothing runs on Neuron hardware" in ended.stdout
