"""The plan: every core has at most one owner, and a wrong combination is refused with its fix."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve import instances
from neuronserve.errors import CoreConflict, DeviceFault, NotEnoughCores, PlanError, WrongGeneration
from neuronserve.generation import Generation
from neuronserve.neuron.grid import Grid, grid
from neuronserve.neuron.need import Need
from neuronserve.neuron.ownership import as_json, table
from neuronserve.neuron.plan import Plan, plan


@dataclasses.dataclass(frozen=True)
class Chip:
    index: int
    cores: int | None = 4


def chips(count: int, cores: int | None = 4) -> list[Chip]:
    return [Chip(index, cores) for index in range(count)]


def ranges(made: Plan) -> list[str]:
    return [owner.shown for owner in made.owners]


def host(name: str) -> Grid:
    kind = instances.catalogue()[name]
    return grid(chips(kind.chips, kind.cores))


@pytest.mark.parametrize(
    ("instance_type", "need", "expected", "copies"),
    [
        ("inf1.xlarge", Need("m", 1, 4), ["0-3"], 4),
        ("inf1.xlarge", Need("m", 1, 1), ["0", "1", "2", "3"], 1),
        ("inf1.6xlarge", Need("m", 1, 4), ["0-3", "4-7", "8-11", "12-15"], 4),
        ("inf1.6xlarge", Need("m", 1, 64), ["0-3", "4-7", "8-11", "12-15"], 4),
        ("inf1.6xlarge", Need("m", 2), [f"{n}-{n + 1}" for n in range(0, 16, 2)], 1),
        ("inf1.6xlarge", Need("m", 3), ["0-2", "4-6", "8-10", "12-14"], 1),
        ("inf1.6xlarge", Need("m", 6), ["0-5", "6-11"], 1),
        ("inf1.6xlarge", Need("m", 16), ["0-15"], 1),
        ("inf2.48xlarge", Need("m", 1, 64), [f"{n}-{n + 1}" for n in range(0, 24, 2)], 2),
        ("trn1.32xlarge", Need("m", 2), [f"{n}-{n + 1}" for n in range(0, 32, 2)], 1),
    ],
)
def test_one_model_gets_every_copy_that_fits(
    instance_type: str, need: Need, expected: list[str], copies: int
) -> None:
    made = plan(host(instance_type), [need])
    assert ranges(made) == expected
    assert {owner.copies for owner in made.owners} == {copies}


def test_leftover_cores_are_named() -> None:
    made = plan(host("inf1.6xlarge"), [Need("m", 3)])
    assert made.unowned == ((3, 3), (7, 7), (11, 11), (15, 15))
    assert "cores 3, 7, 11, 15 have no owner: a copy takes 3 contiguous cores" in made.notes


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"servers": 3}, "cores 4-7 have no owner: SAGEMAKER_TFS_INSTANCE_COUNT=3 leaves no server for them"),
        (
            {"placement": [("m", 0, 11)]},
            "SERVE_PLACEMENT gives cores 0-11 to 'm', of which a process uses 4: 8 of them stay idle",
        ),
        ({"placement": [("m", 0, 11)]}, "cores 12-15 have no owner: SERVE_PLACEMENT gives them to nobody"),
    ],
)
def test_a_wish_that_leaves_cores_over_is_named(wish: dict[str, Any], told: str) -> None:
    assert told in plan(host("inf1.6xlarge"), [Need("m", 1, 4)], **wish).notes


def test_copies_on_one_chip_are_dealt_evenly_to_as_few_servers_as_may_be() -> None:
    made = plan(host("inf1.xlarge"), [Need("m", 1, 3)])
    assert ranges(made) == ["0-1", "2-3"]


def test_several_models_get_servers_of_their_own() -> None:
    made = plan(host("inf1.6xlarge"), [Need("a", 1, 4), Need("b", 1, 4)])
    assert [(o.shown, o.models) for o in made.owners] == [
        ("0-3", ("a",)), ("4-7", ("b",)), ("8-11", ("a",)), ("12-15", ("b",)),
    ]  # fmt: skip


def test_models_that_are_too_many_for_servers_of_their_own_share_them() -> None:
    made = plan(host("inf1.xlarge"), [Need(name, 1, 4) for name in "abcde"])
    assert [(o.shown, o.models, o.copies) for o in made.owners] == [("0-3", tuple("abcde"), 4)]
    assert any("all are in every server" in note for note in made.notes)


def test_a_model_without_a_neuron_op_goes_along_with_every_server() -> None:
    made = plan(host("inf1.6xlarge"), [Need("m", 1, 4), Need("tokens", 0)])
    assert {owner.models for owner in made.owners} == {("m", "tokens")}


def test_without_any_neuron_op_no_core_has_an_owner() -> None:
    made = plan(host("inf1.xlarge"), [Need("m", 0)], servers=2)
    assert [(o.cores, o.models) for o in made.owners] == [(None, ("m",)), (None, ("m",))]
    assert made.unowned == ((0, 3),)


@pytest.mark.parametrize(
    ("servers", "duplicates", "expected"),
    [
        (1, 64, ["0-15"]),
        (2, 64, ["0-7", "8-15"]),
        (3, 64, ["0-7", "8-11", "12-15"]),
        (5, 64, ["0-1", "2-3", "4-7", "8-11", "12-15"]),
        (16, 64, [str(n) for n in range(16)]),
        (1, 4, ["0-3"]),
        (3, 4, ["0-3", "8-11", "12-15"]),
        (5, 1, ["0", "2", "4", "8", "12"]),
    ],
)
def test_a_number_of_servers_that_was_asked_for_shares_the_cores(
    servers: int, duplicates: int, expected: list[str]
) -> None:
    assert ranges(plan(host("inf1.6xlarge"), [Need("m", 1, duplicates)], servers=servers)) == expected


def test_one_server_for_parts_of_chips_stays_on_the_largest_part() -> None:
    narrow = grid(chips(4), visible=(3, 9))
    assert ranges(plan(narrow, [Need("m", 1, 4)], servers=1)) == ["4-7"]


def test_more_servers_than_copies_fit_are_refused() -> None:
    with pytest.raises(NotEnoughCores, match=r"INSTANCE_COUNT=9, but 16 cores have room for 8 copies"):
        plan(host("inf1.6xlarge"), [Need("m", 2)], servers=9)


def test_visible_cores_narrow_the_plan_and_may_force_a_range_over_a_boundary() -> None:
    narrow = grid(chips(4), visible=(2, 9))
    assert ranges(plan(narrow, [Need("m", 1, 4)])) == ["2-3", "4-7", "8-9"]
    assert ranges(plan(grid(chips(4), visible=(2, 5)), [Need("m", 4)])) == ["2-5"]


def test_a_number_of_cores_means_the_first_ones() -> None:
    assert ranges(plan(grid(chips(4), count=5), [Need("m", 1, 4)])) == ["0-3", "4"]


def test_an_offset_counts_from_the_first_core_given() -> None:
    assert ranges(plan(grid(chips(2), offset=48), [Need("m", 1, 4)])) == ["48-51", "52-55"]


def test_more_cores_than_there_are_is_refused_with_the_number() -> None:
    with pytest.raises(NotEnoughCores, match=r"'m' was compiled for 8 cores, and there are 4"):
        plan(host("inf1.xlarge"), [Need("m", 8)])
    with pytest.raises(NotEnoughCores, match=r"NEURON_RT_VISIBLE_CORES=2-5, but the cores here are 0-3"):
        grid(chips(1), visible=(2, 5))
    with pytest.raises(NotEnoughCores, match="NEURON_RT_NUM_CORES=5, but there are 4"):
        grid(chips(1), count=5)
    with pytest.raises(NotEnoughCores, match="no Neuron chip"):
        grid([])


def test_a_chip_whose_cores_are_not_known_is_told_with_the_setting_that_helps() -> None:
    with pytest.raises(DeviceFault, match="SERVE_INSTANCE_TYPE"):
        grid([Chip(0, None)])


def test_a_model_of_another_generation_is_refused_with_both_names() -> None:
    with pytest.raises(WrongGeneration, match=r"compiled for Inf1 .* these chips are Inf2/Trn1"):
        plan(host("inf2.xlarge"), [Need("m", 1, 4, Generation.V1)], generation=Generation.V2)
    with pytest.raises(WrongGeneration, match="Trn2"):
        plan(host("trn2.3xlarge"), [Need("m", 1, 4)], generation=Generation.V3)


def test_a_placement_is_taken_as_it_is() -> None:
    made = plan(
        host("inf1.6xlarge"),
        [Need("a", 1, 4), Need("b", 2)],
        placement=[("b", 4, 5), ("a", 0, 3), ("a", 8, 15)],
    )
    assert [(o.server, o.shown, o.models, o.copies) for o in made.owners] == [
        (0, "0-3", ("a",), 4), (1, "4-5", ("b",), 1), (2, "8-15", ("a",), 4),
    ]  # fmt: skip
    assert made.unowned == ((6, 7),)


@pytest.mark.parametrize(
    ("placement", "error", "told"),
    [
        ([("a", 0, 3), ("b", 3, 4)], CoreConflict, "0-3 and 3-4, which overlap"),
        ([("a", 0, 3)], PlanError, "gives no cores to b"),
        ([("a", 0, 3), ("c", 4, 5)], PlanError, "no compiled model 'c'"),
        ([("", 0, 3), ("b", 4, 5)], PlanError, "names no model"),
        ([("a", 0, 3), ("b", 15, 16)], NotEnoughCores, "15-16 to 'b', and those to use are 0-15"),
        ([("a", 0, 3), ("b", 15, 15)], NotEnoughCores, "gives 1 cores to 'b', which was compiled for 2"),
    ],
)
def test_an_impossible_placement_is_refused(
    placement: list[tuple[str, int, int]], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        plan(host("inf1.6xlarge"), [Need("a", 1, 4), Need("b", 2)], placement=placement)


NEEDS = st.lists(
    st.builds(Need, st.uuids().map(str), st.integers(1, 9), st.integers(1, 64)),
    min_size=1,
    max_size=5,
    unique_by=lambda need: need.model,
)


@given(st.integers(1, 16), st.sampled_from([2, 4]), NEEDS, st.integers(0, 64), st.data())
def test_every_core_has_one_owner_at_most_and_none_is_lost(
    count: int, per_chip: int, needs: list[Need], offset: int, data: st.DataObject
) -> None:
    whole = grid(chips(count, per_chip), offset=offset)
    low, high = whole.usable
    first = data.draw(st.integers(low, high))
    last = data.draw(st.integers(first, high))
    narrow = grid(chips(count, per_chip), offset=offset, visible=(first, last))
    try:
        made = plan(narrow, needs)
    except NotEnoughCores:
        assert max(need.cores for need in needs) > narrow.size
        return
    owned = [core for o in made.owners if o.cores for core in range(o.cores[0], o.cores[1] + 1)]
    unowned = [core for a, b in made.unowned for core in range(a, b + 1)]
    assert sorted(owned + unowned) == list(range(first, last + 1))
    assert {name for o in made.owners for name in o.models} == {need.model for need in needs}
    by_name = {need.model: need for need in needs}
    for owner in made.owners:
        assert owner.cores
        size = owner.cores[1] - owner.cores[0] + 1
        assert size >= max(by_name[name].cores for name in owner.models)
        fits_a_chip = any(
            len(segment) >= max(by_name[n].cores for n in owner.models) for segment in narrow.segments
        )
        assert len(owner.chips) == 1 or not fits_a_chip
        assert all(1 <= owner.copies <= max(1, by_name[name].duplicates) for name in owner.models)


@given(st.integers(1, 16), st.sampled_from([2, 4]), st.integers(1, 8), st.integers(1, 64), st.integers(1, 64))
def test_a_number_of_servers_is_met_or_refused(
    count: int, per_chip: int, cores: int, duplicates: int, servers: int
) -> None:
    whole = grid(chips(count, per_chip))
    need = Need("m", cores, duplicates)
    try:
        made = plan(whole, [need], servers=servers)
    except NotEnoughCores:
        return
    assert len(made.owners) == servers
    owned = [core for o in made.owners if o.cores for core in range(o.cores[0], o.cores[1] + 1)]
    assert len(owned) == len(set(owned))
    if cores == 1 and servers >= count:
        assert all(len(owner.chips) == 1 for owner in made.owners)
    if cores == 1 and servers <= count:
        used = [chip for owner in made.owners for chip in owner.chips]
        assert len(used) == len(set(used))


@given(st.integers(1, 16), NEEDS)
def test_one_model_leaves_no_room_for_another_copy(count: int, needs: list[Need]) -> None:
    whole = grid(chips(count))
    need = needs[0]
    try:
        made = plan(whole, [need])
    except NotEnoughCores:
        return
    most = count * (4 // need.cores) if need.cores <= 4 else whole.size // need.cores
    assert sum(o.copies for o in made.owners) == most


def test_the_map_shows_chips_ranges_servers_and_models() -> None:
    whole = host("inf1.6xlarge")
    made = plan(whole, [Need("digits", 1, 4)])
    told = as_json(made, whole, host="inf1.6xlarge", simulated=True)
    assert told["chips"][1] == {
        "chip": 1, "device": "/dev/neuron1", "cores": "4-7",
        "servers": [{"server": 1, "cores": "4-7", "copies": 4, "models": ["digits"]}],
    }  # fmt: skip
    lines = table(told)
    assert "SIMULATED" in lines[0]
    assert lines[3].split() == ["/dev/neuron1", "4-7", "1", "4-7", "4", "digits"]


def test_the_map_of_a_range_over_two_chips_is_on_both() -> None:
    whole = host("inf1.6xlarge")
    told = as_json(plan(whole, [Need("m", 8)]), whole)
    assert [c["servers"][0]["server"] for c in told["chips"]] == [0, 0, 1, 1]
