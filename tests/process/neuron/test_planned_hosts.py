"""Compiled models on simulated hosts: planned or refused, from the SavedModel to the map."""

import dataclasses
from pathlib import Path

import pytest

from neuronserve import instances
from neuronserve.artifact.inspect.look import compiled
from neuronserve.compiled import Compiled
from neuronserve.errors import NotEnoughCores, WrongGeneration
from neuronserve.neuron.allotment import allot
from neuronserve.neuron.chips import Roots
from neuronserve.neuron.look import look
from neuronserve.settings import Settings
from neuronserve.simulator import host
from tests import handmade

HOSTS = ("inf1.xlarge", "inf1.6xlarge", "inf1.24xlarge", "inf2.48xlarge", "trn1.32xlarge")


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    compiled: tuple[Compiled, ...]


@pytest.fixture
def planned(tmp_path):
    """Who owns what when these models, each a version's folder, are served on a host: ranges and copies."""

    def planned(instance_type: str, *folders: Path, **environ: str):
        made = host.create(tmp_path / "host", instance_type)
        seen = look(Roots(dev=made.devices, sys=made.sysfs))
        seen.check()
        assert seen.simulated
        models = [Model(f"m{n}", (compiled(folder, 1),)) for n, folder in enumerate(folders)]
        allotted = allot(seen, models, Settings.from_environ(environ))
        assert allotted.map["host"] == instance_type
        assert allotted.map["simulated"] is True
        return [(owner.shown, owner.copies) for owner in allotted.owners]

    return planned


def per_chip(instance_type: str) -> list[tuple[str, int]]:
    kind = instances.catalogue()[instance_type]
    firsts = range(0, kind.all_cores, kind.cores)
    return [(f"{first}-{first + kind.cores - 1}", kind.cores) for first in firsts]


@pytest.mark.parametrize("instance_type", HOSTS)
@pytest.mark.parametrize("name", ["inf1-conv2d-tf1", "inf1-dense-tf2"])
def test_a_real_model_has_a_copy_on_each_core_of_inf1_and_is_refused_elsewhere(
    planned, compiled_models, name, instance_type
):
    folder = compiled_models[name] / "1"
    if instance_type.startswith("inf1"):
        assert planned(instance_type, folder) == per_chip(instance_type)
        return
    with pytest.raises(WrongGeneration, match=r"compiled for Inf1 .* these chips are Inf2/Trn1"):
        planned(instance_type, folder)


@pytest.mark.parametrize("instance_type", HOSTS)
def test_a_dynamic_batch_model_for_inf2_and_trn1_is_refused_on_inf1(planned, tmp_path, instance_type):
    folder = handmade.compiled(tmp_path / "m", generation="trn1", batch=4)
    if not instance_type.startswith("inf1"):
        assert planned(instance_type, folder) == per_chip(instance_type)
        return
    with pytest.raises(WrongGeneration, match=r"compiled for Inf2/Trn1 .* these chips are Inf1"):
        planned(instance_type, folder)


@pytest.mark.parametrize("instance_type", HOSTS[:3])
def test_a_pipeline_over_two_cores_has_a_server_for_each_pair(planned, tmp_path, instance_type):
    folder = handmade.pipeline(tmp_path / "m", cores=2)
    pairs = range(0, instances.catalogue()[instance_type].all_cores, 2)
    assert planned(instance_type, folder) == [(f"{first}-{first + 1}", 1) for first in pairs]


def test_a_pipeline_longer_than_the_host_is_refused(planned, tmp_path):
    folder = handmade.pipeline(tmp_path / "m", cores=8)
    with pytest.raises(NotEnoughCores, match=r"compiled for 8 cores, and there are 4"):
        planned("inf1.xlarge", folder)


def test_a_pipeline_longer_than_a_chip_goes_over_its_boundary(planned, tmp_path):
    assert planned("inf1.6xlarge", handmade.pipeline(tmp_path / "m", cores=6)) == [("0-5", 1), ("6-11", 1)]


def test_a_model_that_may_not_be_duplicated_has_a_server_on_each_core(planned, tmp_path):
    folder = handmade.compiled(tmp_path / "m", max_duplicates=1)
    assert planned("inf1.xlarge", folder) == [(str(core), 1) for core in range(4)]


def test_two_models_share_a_host_by_chips(planned, tmp_path):
    folders = handmade.compiled(tmp_path / "a"), handmade.pipeline(tmp_path / "b", cores=2)
    assert sorted(planned("inf1.xlarge", *folders)) == [("0-1", 1), ("2-3", 2)]


def test_cores_that_were_set_are_respected(planned, tmp_path):
    folder = handmade.compiled(tmp_path / "m")
    assert planned("inf1.6xlarge", folder, NEURON_RT_VISIBLE_CORES="4-7") == [("4-7", 4)]


def test_the_first_cores_that_were_asked_for_are_respected(planned, tmp_path):
    folder = handmade.compiled(tmp_path / "m")
    assert planned("inf1.6xlarge", folder, NEURON_RT_NUM_CORES="6") == [("0-3", 4), ("4-5", 2)]
