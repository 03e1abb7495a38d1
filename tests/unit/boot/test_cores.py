import pytest

from neuronserve.boot.cores import busy


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("NRT:nrt_allocate_neuron_cores NeuronCore(s) not available - Requested:4 Available:0", True),
        ("NRT:nrt_allocate_neuron_cores   Logical Neuron Core(s) not available - Requested:2 ...", True),
        ("Servable not available: model 'NeuronCore'", False),
        ("TDRV:tdrv_get_dev_info                       No neuron device available", False),
    ],
)
def test_the_runtimes_line_about_cores_that_are_taken_is_known(line, expected):
    assert busy(line) is expected
