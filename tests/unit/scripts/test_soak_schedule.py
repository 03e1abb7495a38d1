"""Which injections are done, in which order, and which of the service's parts own what."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos import processes, schedule
from chaos.actions import ACTIONS
from chaos.place import nameless

STEPS = [kind.name for kind in schedule.KINDS]


def first(names, seed, count):
    return list(itertools.islice(schedule.steps(names, seed), count))


@given(st.integers(), st.sets(st.sampled_from(STEPS), min_size=1))
def test_each_round_has_each_kind_once_and_a_seed_repeats_it(seed, names) -> None:
    steps = first(names, seed, 3 * len(names))
    assert steps == first(names, seed, 3 * len(names))
    for at in range(3):
        round_ = steps[at * len(names) : (at + 1) * len(names)]
        assert {step.kind.name for step in round_} == names
        assert all(1.0 <= step.pause <= 3.0 for step in round_)


def test_another_seed_is_another_order() -> None:
    orders = {tuple(step.kind.name for step in first(STEPS, seed, len(STEPS))) for seed in range(5)}
    assert len(orders) == 5


def test_nothing_is_injected_where_no_step_was_chosen() -> None:
    assert first([schedule.MODELS], 1, 5) == []


def test_a_word_chooses_by_name_or_by_beginning() -> None:
    assert schedule.chosen([]) == schedule.NAMES
    assert schedule.chosen(["kill-several", "burst"]) == ("kill-several", "burst")
    assert schedule.chosen(["disk-full"])[0] == "disk-full"
    assert len(schedule.chosen(["disk-full"])) == 1 + len(schedule.PARTS)
    with pytest.raises(ValueError, match="'kil'"):
        schedule.chosen(["kil"])


def test_every_kind_has_an_action_and_every_part_a_kill_and_a_freeze() -> None:
    assert {kind.action for kind in schedule.KINDS} == set(ACTIONS)
    for part in schedule.PARTS:
        assert {f"kill-{part}", f"freeze-{part}", f"pause-{part}", f"disk-full-{part}"} <= set(STEPS)


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3)), max_size=6))
def test_a_core_with_two_owners_is_seen(ranges) -> None:
    claims = [(pid, begin, begin + more) for pid, (begin, more) in enumerate(ranges)]
    cores = [core for _, begin, end in claims for core in range(begin, end + 1)]
    assert bool(processes.doubled(claims)) is (len(cores) != len(set(cores)))


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        ("run/metrics/counter_123.db", "run/metrics/counter_#.db"),
        ("run/neuronserve-cpu-a_x9bq0z/saved_model.pb", "run/neuronserve-cpu-#/saved_model.pb"),
        ("run/nginx-body/0000000012", "run/nginx-body/#"),
        ("run/state.json", "run/state.json"),
    ],
)
def test_files_of_one_sort_have_one_name(name, sort) -> None:
    assert nameless(name) == sort
