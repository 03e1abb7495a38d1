"""Core ranges for servers without models, and room for models on them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import NotEnoughCores
from neuronserve.neuron import capacity
from neuronserve.neuron.capacity import FACTOR, Demand, Memory
from neuronserve.neuron.grid import grid
from neuronserve.neuron.need import Need
from neuronserve.neuron.ownership import as_json, table, with_models
from neuronserve.neuron.vacant import vacant
from tests.unit.neuron.test_plan import chips, host, ranges


@pytest.mark.parametrize(
    ("instance_type", "servers", "expected"),
    [
        ("inf1.xlarge", None, ["0-3"]),
        ("inf1.6xlarge", None, ["0-3", "4-7", "8-11", "12-15"]),
        ("inf1.6xlarge", 2, ["0-7", "8-15"]),
        ("inf1.6xlarge", 1, ["0-15"]),
        ("inf1.xlarge", 4, ["0", "1", "2", "3"]),
        ("inf1.xlarge", 3, ["0-1", "2", "3"]),
        ("inf2.xlarge", 2, ["0", "1"]),
    ],
)
def test_cores_are_shared_out_before_there_is_a_model(
    instance_type: str, servers: int | None, expected: list[str]
) -> None:
    assert ranges(vacant(host(instance_type), servers)) == expected


def test_more_servers_than_cores_are_refused() -> None:
    with pytest.raises(NotEnoughCores, match="INSTANCE_COUNT=5, but there are 4 cores"):
        vacant(host("inf1.xlarge"), 5)


@given(st.integers(1, 6), st.sampled_from([2, 4]), st.integers(1, 24))
def test_every_core_has_one_owner(count: int, cores: int, servers: int) -> None:
    there = grid(chips(count, cores))
    if servers > there.size:
        with pytest.raises(NotEnoughCores):
            vacant(there, servers)
        return
    made = vacant(there, servers)
    owned = [core for one in made.owners if one.cores for core in range(one.cores[0], one.cores[1] + 1)]
    assert owned == list(range(there.size))
    assert len(made.owners) == servers
    if servers >= count:
        assert all(len(owner.chips) == 1 for owner in made.owners)


def test_the_map_follows_the_models() -> None:
    there = host("inf1.6xlarge")
    told = as_json(vacant(there), there)
    assert table(told)[2].endswith("-")
    assert any(line.startswith("note: models come and go") for line in table(told))
    assert table(with_models(told, {1: ["a", "b"]}))[3].endswith("a, b")


MEMORY = Memory(4, 1200)


def demand(size: int, *, cores: int = 1, duplicates: int = 1) -> Demand:
    return Demand(Need("m", cores, duplicates), size)


def test_each_copy_takes_memory_of_its_own_cores() -> None:
    assert capacity.per_core(demand(100), 4) == (120, 0, 0, 0)
    assert capacity.per_core(demand(100, duplicates=3), 4) == (120, 120, 120, 0)
    assert capacity.per_core(demand(100, cores=2), 4) == (60, 60, 0, 0)
    assert capacity.per_core(demand(100, cores=0), 4) == (0, 0, 0, 0)


def test_a_model_fits_until_one_of_its_cores_is_full() -> None:
    assert capacity.fits(MEMORY, [demand(500)], demand(500))
    assert not capacity.fits(MEMORY, [demand(500)], demand(501))
    assert capacity.fits(Memory(4, 0), [], demand(1 << 40))  # not known: the runtime says it


@given(
    st.lists(st.builds(demand, st.integers(0, 2000), cores=st.integers(0, 4), duplicates=st.integers(1, 8)))
)
def test_what_was_let_in_never_takes_more_than_there_is(wanted: list[Demand]) -> None:
    there: list[Demand] = []
    for one in wanted:
        if capacity.fits(MEMORY, there, one):
            there.append(one)
    total = [sum(core) for core in zip(*(capacity.per_core(one, 4) for one in there), strict=True)]
    assert all(core <= MEMORY.bytes_per_core for core in total)
    assert FACTOR > 1
