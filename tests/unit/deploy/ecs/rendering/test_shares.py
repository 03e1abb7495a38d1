"""Chips, cpu and memory of the tasks that share an instance."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.ecs import allocatable
from neuronserve.deploy.ecs.rendering.shares import shares
from neuronserve.deploy.ecs.rendering.spec import Mode
from neuronserve.errors import InvalidInput
from neuronserve.instances import catalogue
from tests.deploying.task_specs import spec

TYPES = sorted(catalogue())


@st.composite
def slots(draw):
    name = draw(st.sampled_from(TYPES))
    return spec(name, mode=Mode.SLOTS, slots=draw(st.integers(1, catalogue()[name].chips)))


@given(slots())
def test_slots_have_contiguous_chips_that_cover_the_instance_and_do_not_overlap(asked):
    found = shares(asked)
    chips = [chip for part in found for chip in range(part.first_chip, part.first_chip + part.chips)]
    assert chips == list(range(asked.instance_type.chips))
    assert [part.index for part in found] == list(range(asked.slots))


@given(slots())
def test_slots_together_fit_into_what_the_instance_registers(asked):
    found = shares(asked)
    assert sum(part.cpu for part in found) <= allocatable.cpu(asked.instance_type)
    assert sum(part.memory_mib for part in found) <= allocatable.memory_mib(asked.instance_type)


@given(slots())
def test_the_shares_are_as_even_as_the_chips(asked):
    found = shares(asked)
    assert max(p.chips for p in found) - min(p.chips for p in found) <= 1
    for one in found:
        for other in found:
            if one.chips >= other.chips:
                assert one.cpu >= other.cpu
                assert one.memory_mib >= other.memory_mib


@given(slots(), st.integers(0, 2000), st.integers(0, 4000))
def test_a_reserve_never_makes_a_share_larger(asked, cpu, memory):
    try:
        less = shares(dataclasses.replace(asked, reserved_cpu=cpu, reserved_memory_mib=memory))
    except InvalidInput:
        return
    for one, other in zip(less, shares(asked), strict=True):
        assert one.cpu <= other.cpu
        assert one.memory_mib <= other.memory_mib


def test_sixteen_chips_in_three_slots_are_six_five_and_five():
    found = shares(spec("inf1.24xlarge", mode=Mode.SLOTS, slots=3))
    assert [(p.first_chip, p.chips) for p in found] == [(0, 6), (6, 5), (11, 5)]
    assert [p.cpu for p in found] == [96 * 1024 * 6 // 16, 96 * 1024 * 5 // 16, 96 * 1024 * 5 // 16]


@pytest.mark.parametrize("name", TYPES)
def test_a_whole_instance_gets_all_cpu_and_less_memory_than_nominal(name):
    [part] = shares(spec(name))
    instance = catalogue()[name]
    assert (part.first_chip, part.chips, part.cpu) == (0, instance.chips, instance.vcpus * 1024)
    assert part.memory_mib == int(instance.memory_mib * 0.925) - 256


def test_what_an_instance_really_registers_replaces_the_estimate():
    [part] = shares(spec("inf1.xlarge", registered_memory_mib=7600, reserved_memory_mib=100))
    assert part.memory_mib == 7500


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": Mode.SLOTS, "slots": 5}, "5 slots on inf1.6xlarge: expected 1 to 4"),
        ({"mode": Mode.SLOTS, "slots": 0}, "expected 1 to 4"),
        ({"mode": Mode.SLOTS, "slots": 4, "cpu": 7000}, "28000 cpu units for 4 slots"),
        ({"memory_mib": 49152}, "49152 MiB of memory: inf1.6xlarge has about 45209 for tasks"),
        ({"memory_mib": 100}, "100 MiB of memory for a task"),
        ({"cpu": 100}, "100 cpu units for a task: ECS takes 128 to 196608"),
        ({"reserved_cpu": 24 * 1024}, "24576 cpu units reserved: inf1.6xlarge has 24576, and none is left"),
        ({"reserved_memory_mib": 50000}, "50000 MiB of memory reserved: inf1.6xlarge has 45209"),
        (
            {"registered_memory_mib": 49152},
            "49152 MiB registered: inf1.6xlarge has 49152, and registers less",
        ),
        ({"reserved_memory_mib": 45000}, "209 MiB of memory for a task"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_numbers(changes, reason):
    with pytest.raises(InvalidInput, match=reason):
        shares(spec(**changes))


def test_one_chip_is_not_divided():
    with pytest.raises(InvalidInput, match=r"2 slots on inf1.xlarge: expected 1: it has one chip"):
        shares(spec("inf1.xlarge", mode=Mode.SLOTS, slots=2))
