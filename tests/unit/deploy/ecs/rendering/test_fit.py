"""Whether compiled models fit a task."""

from __future__ import annotations

import pytest

from neuronserve.compiled import Compiled
from neuronserve.deploy.ecs.rendering import fit
from neuronserve.deploy.ecs.rendering.spec import Mode
from neuronserve.errors import NotEnoughCores, WrongGeneration
from neuronserve.generation import Generation
from tests.deploying.task_specs import spec


def model(cores=4, generation=Generation.V1, version=1):
    return Compiled(version=version, neuron=True, subgraphs=1, generation=generation, cores=cores)


def test_a_model_that_fits_needs_no_words():
    assert fit.check({"resnet": (model(),)}, spec("inf1.xlarge")) == []


def test_another_generation_is_refused():
    with pytest.raises(
        WrongGeneration, match=r"'resnet', version 1, was compiled for Inf1 .* inf2.xlarge has"
    ):
        fit.check({"resnet": (model(),)}, spec("inf2.xlarge"))


def test_trn2_runs_no_compiled_model():
    with pytest.raises(WrongGeneration, match="TensorFlow was never supported"):
        fit.check({"resnet": (model(generation=None),)}, spec("trn2.48xlarge"))


def test_a_copy_must_fit_a_slot_and_not_only_the_instance():
    assert fit.check({"resnet": (model(cores=16),)}, spec("inf1.6xlarge")) == []
    slots = spec("inf1.6xlarge", mode=Mode.SLOTS, slots=4)
    with pytest.raises(NotEnoughCores, match=r"compiled for 16 cores; a slot of inf1.6xlarge has 4"):
        fit.check({"resnet": (model(cores=16),)}, slots)


def test_of_uneven_slots_the_smallest_counts():
    slots = spec("inf1.24xlarge", mode=Mode.SLOTS, slots=3)  # 6, 5 and 5 chips
    assert fit.check({"resnet": (model(cores=20),)}, slots) == []
    with pytest.raises(NotEnoughCores, match="has 20"):
        fit.check({"resnet": (model(cores=21),)}, slots)


def test_every_version_counts():
    with pytest.raises(NotEnoughCores, match="version 2"):
        fit.check({"resnet": (model(), model(cores=8, version=2))}, spec("inf1.xlarge"))


def test_a_model_for_the_cpu_is_told():
    [note] = fit.check({"plain": (Compiled(version=1),)}, spec("inf1.xlarge"))
    assert "'plain' holds no NeuronOp" in note


def test_a_model_that_does_not_tell_its_generation_is_told():
    [note] = fit.check({"resnet": (model(generation=None),)}, spec("inf1.xlarge"))
    assert "does not tell for which generation" in note
