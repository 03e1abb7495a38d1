from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from neuronserve.compiled import Compiled
from neuronserve.errors import NotEnoughCores, WrongGeneration
from neuronserve.generation import Generation
from neuronserve.neuron import variables
from neuronserve.neuron.allotment import allot, core_offset, usable
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


def given(*numbers, paths=None, cores=2):
    """Some chips of a host, as a container has them."""
    chips = tuple(
        Chip(path, Path(f"/dev/neuron{path}"), number, Generation.V2, cores, 32768, "Trn1", "sysfs")
        for number, path in zip(numbers, paths or numbers, strict=True)
    )
    return Host(chips, (), "", "trn1.32xlarge", 16, simulated=False)


@pytest.mark.parametrize(
    ("host", "visible", "usable_cores", "chips"),
    [
        (given(1), (2, 3), (2, 3), [1]),
        (given(1), (3, 3), (3, 3), [1]),
        (given(1), (0, 1), (0, 1), [1]),
        (given(12, 13), (25, 26), (25, 26), [12, 13]),
        (given(1, paths=[0]), (2, 3), (2, 3), [0]),
        (given(1, 2), (2, 5), (2, 5), [1, 2]),
        (given(1, 2), (4, 5), (4, 5), [2]),
        (given(3, cores=4), (12, 15), (12, 15), [3]),
        (given(0, 1), (2, 3), (2, 3), [1]),
    ],
)
def test_numbers_of_the_host_are_recognised_where_counted_from_0_they_cannot_be(
    host, visible, usable_cores, chips
):
    """Neuron's scheduler gives ``--device=/dev/neuron1`` with NEURON_RT_VISIBLE_CORES=2,3."""
    grid = usable(host, Wishes(visible_cores=visible))
    assert grid.usable == usable_cores
    assert [segment.chip for segment in grid.segments] == chips


@pytest.mark.parametrize(("host", "visible"), [(given(1), (1, 2)), (given(1), (4, 5)), (given(1, 2), (1, 4))])
def test_cores_that_are_not_here_by_any_way_to_count_are_refused(host, visible):
    with pytest.raises(NotEnoughCores):
        usable(host, Wishes(visible_cores=visible))


def test_an_offset_that_was_set_is_the_only_way_to_count():
    assert core_offset(given(1), Wishes(visible_cores=(2, 3))) == 2
    assert core_offset(given(1), Wishes(visible_cores=(2, 3), core_offset=8)) == 8
    assert core_offset(given(1), Wishes(num_cores=1)) == 0
    assert core_offset(given(1, cores=None), Wishes(visible_cores=(2, 3))) == 0


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
