import types

import pytest

from neuronserve.boot.cores import Ground, busy, refuse_other_target
from neuronserve.errors import WrongGeneration
from neuronserve.generation import Generation


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


def chips(*generations):
    return Ground(
        host=types.SimpleNamespace(chips=[types.SimpleNamespace(generation=g) for g in generations])
    )


def test_a_model_that_a_job_made_for_other_chips_is_refused_though_its_executable_does_not_tell():
    with pytest.raises(WrongGeneration, match=r"made the model for ml_inf1 \(Inf1\).*here are Inf2/Trn1's"):
        refuse_other_target(chips(None, Generation.V2), "ml_inf1")


@pytest.mark.parametrize(
    ("ground", "target"),
    [
        (chips(Generation.V1), "ml_inf1"),
        (chips(Generation.V2), "ml_inf2"),
        (chips(Generation.V2), "ml_trn1"),  # the same NeuronCore
        (chips(Generation.V2), ""),
        (chips(None), "ml_inf1"),
        (Ground(), "ml_inf1"),  # a CPU
    ],
)
def test_a_model_for_these_chips_or_of_which_nothing_is_known_passes(ground, target):
    refuse_other_target(ground, target)
