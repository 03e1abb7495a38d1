"""Where a model can be hosted and transformed, by what it was compiled for."""

from __future__ import annotations

from neuronserve.deploy.sagemaker.marketplace import instances
from neuronserve.generation import Generation


def test_inf1_hosts_and_does_not_transform():
    hosting, transform = instances.fitting({Generation.V1})
    assert hosting
    assert all(name.startswith("ml.inf1.") for name in hosting)
    assert transform == ()
    assert {one.code for one in instances.findings(hosting, transform, {Generation.V1})} == {"inf1-only"}


def test_inf2_and_trn1_do_both():
    hosting, transform = instances.fitting({Generation.V2})
    assert {name.split(".")[1] for name in transform} == {"inf2", "trn1"}
    assert set(transform) <= set(hosting)
    assert not list(instances.findings(hosting, transform, {Generation.V2}))


def test_a_model_of_several_generations_fits_none_and_one_for_cpu_fits_cpus():
    assert instances.fitting({Generation.V1, Generation.V2}) == ((), ())
    hosting, transform = instances.fitting(set())
    assert hosting == transform
    assert not list(instances.findings(hosting, transform, set()))
