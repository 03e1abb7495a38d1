from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from neuronserve.compiled import Compiled
from neuronserve.errors import NotEnoughCores, WrongGeneration
from neuronserve.generation import Generation
from neuronserve.neuron import variables
from neuronserve.neuron.allotment import allot, usable
from neuronserve.neuron.chips import Chip, Host


@dataclasses.dataclass(frozen=True)
class Wishes:
    core_offset: int = 0
    visible_cores: tuple[int, int] | None = None
    num_cores: int | None = None
    server_count: int | None = None
    placement: tuple[tuple[str, int, int], ...] | None = None


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    compiled: tuple[Compiled, ...]


def host(count=2, generation=Generation.V1):
    chips = tuple(
        Chip(n, Path(f"/dev/neuron{n}"), n, generation, 4, 8192, "Inf1", "sysfs") for n in range(count)
    )
    return Host(chips, (), "", "inf1.6xlarge", 4, simulated=False)


def compiled(cores=1, generation=Generation.V1):
    return Model("m", (Compiled(1, neuron=True, cores=cores, duplicates=4, generation=generation),))


def test_every_chip_gets_a_server_and_the_map_says_so():
    made = allot(host(), [compiled()], Wishes())
    assert [owner.shown for owner in made.owners] == ["0-3", "4-7"]
    assert [chip["cores"] for chip in made.map["chips"]] == ["0-3", "4-7"]
    assert made.map["host"] == "inf1.6xlarge"


def test_the_chips_generation_is_that_of_the_plan():
    with pytest.raises(WrongGeneration):
        allot(host(), [compiled(generation=Generation.V2)], Wishes())


def test_wishes_narrow_what_may_be_used():
    assert usable(host(), Wishes(visible_cores=(2, 5))).size == 4
    assert usable(host(), Wishes(num_cores=3)).usable == (0, 2)
    assert usable(host(), Wishes(core_offset=8)).usable == (8, 15)
    with pytest.raises(NotEnoughCores):
        usable(host(), Wishes(num_cores=9))


def test_variables_without_effect_are_named():
    assert variables.warnings({"NEURON_RT_VISIBLE_CORES": "0"}) == []
    both = variables.warnings({"NEURON_RT_VISIBLE_CORES": "0", "NEURON_RT_NUM_CORES": "1"})
    assert [line.split()[0] for line in both] == ["NEURON_RT_VISIBLE_CORES"]
    assert variables.warnings({"NEURONCORE_GROUP_SIZES": "1"})[0].startswith("NEURONCORE_GROUP_SIZES")
    assert variables.warnings({"AWS_NEURON_VISIBLE_DEVICES": "0"})[0].startswith("AWS_NEURON_VISIBLE_DEVICES")
