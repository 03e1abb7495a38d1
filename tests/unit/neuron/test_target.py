import types

import pytest

from neuronserve.errors import WrongGeneration
from neuronserve.generation import Generation
from neuronserve.neuron.allotment import refuse_other_target


def chips(*generations):
    return types.SimpleNamespace(chips=[types.SimpleNamespace(generation=g) for g in generations])


def test_a_model_that_a_job_made_for_other_chips_is_refused_though_its_executable_does_not_tell():
    with pytest.raises(WrongGeneration, match=r"made the model for ml_inf1 \(Inf1\).*here are Inf2/Trn1's"):
        refuse_other_target(chips(None, Generation.V2), "ml_inf1")


@pytest.mark.parametrize(
    ("host", "target"),
    [
        (chips(Generation.V1), "ml_inf1"),
        (chips(Generation.V2), "ml_inf2"),
        (chips(Generation.V2), "ml_trn1"),  # the same NeuronCore
        (chips(Generation.V2), ""),
        (chips(None), "ml_inf1"),
        (None, "ml_inf1"),  # a CPU
    ],
)
def test_a_model_for_these_chips_or_of_which_nothing_is_known_passes(host, target):
    refuse_other_target(host, target)
