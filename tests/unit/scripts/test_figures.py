"""What the benchmark works out of its measurements, and its ideals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark import figures

times = st.floats(0.001, 10)
plans = st.lists(st.floats(0, 100), min_size=1, max_size=60).map(sorted)


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (1, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)]
)
def test_a_percentile_is_a_value_that_was_measured(percent, expected):
    assert figures.percentile(range(100, 0, -1), percent) == expected


def test_nothing_measured_has_no_percentile():
    assert math.isnan(figures.percentile([], 99))


def test_fairness_is_the_largest_share_over_the_smallest():
    assert figures.fairness([10, 12, 11]) == 1.2
    assert figures.fairness([5, 0]) == math.inf
    assert math.isnan(figures.fairness([0, 0]))
    assert math.isnan(figures.fairness([]))


def test_arrivals_come_out_the_same_ascend_and_keep_their_rate():
    plan = figures.arrivals(100, 50, seed=1)
    assert plan == figures.arrivals(100, 50, seed=1) == sorted(plan)
    assert plan != figures.arrivals(100, 50, seed=2)
    assert 0 <= plan[0] <= plan[-1] < 50
    assert len(plan) == pytest.approx(5000, rel=0.1)


def test_one_queue_serves_at_once_while_a_core_is_free_and_in_order_else():
    assert figures.one_queue([0, 0, 0, 0.5], [1.0, 1.0]) == [1, 1, 2, 1.5]


def test_by_lot_a_core_serves_its_own_line_alone():
    assert figures.at_random([0, 0, 0.5], [2.0], seed=1) == [2, 4, 5.5]
    assert figures.at_random([0] * 9, [1.0] * 3, seed=1) == figures.at_random([0] * 9, [1.0] * 3, seed=1)


def test_of_free_cores_the_quickest_serves():
    assert figures.one_queue([0, 5], [3.0, 1.0]) == [1, 1]


@given(plans, times, st.integers(1, 8))
def test_one_queue_is_never_worse_than_lots_and_nobody_is_quicker_than_a_core(plan, seconds, cores):
    queued = figures.one_queue(plan, [seconds] * cores)
    drawn = figures.at_random(plan, [seconds] * cores, seed=cores)
    assert sum(queued) <= sum(drawn) + 1e-6
    assert min(queued) >= seconds - 1e-9
