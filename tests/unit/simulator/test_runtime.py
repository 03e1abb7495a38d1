"""The runtime of a process is initialised once, whatever comes of it."""

from pathlib import Path

import pytest

from neuronserve.simulator import host
from neuronserve.simulator.nrt import NrtError
from neuronserve.simulator.options import Options
from neuronserve.simulator.ownership import holders, take
from neuronserve.simulator.rules import Request
from neuronserve.simulator.runtime import Runtime


def test_a_process_that_got_no_cores_gets_none_later(tmp_path, capfd):
    made = host.create(tmp_path / "h", "inf1.xlarge")
    taken = take(made, Request(2, 2, 1))
    runtime = Runtime(made, Options(Path("/h"), 0, 0, 0), {"NEURON_RT_VISIBLE_CORES": "0-3"})
    for _ in range(2):
        with pytest.raises(NrtError):
            runtime.chips()
        taken.free()
    assert capfd.readouterr().err.count("Requested:4 Available:2") == 1
    assert not any(holders(made).values())
