"""Health checks that wait for slow loads, within ECS's ranges."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuronserve import healthcheck
from neuronserve.deploy.ecs.rendering import health


@given(st.integers(0, health.LONGEST_LOAD))
def test_a_container_may_take_the_whole_load(seconds):
    assert health.for_load(seconds).patience >= seconds


@given(st.integers(0, 100_000))
def test_all_numbers_are_in_ecs_ranges(seconds):
    check = health.for_load(seconds).document()
    assert 5 <= check["interval"] <= 300
    assert 2 <= check["timeout"] <= 60
    assert 1 <= check["retries"] <= 10
    assert 0 <= check["startPeriod"] <= 300


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_a_longer_load_is_waited_for_at_least_as_long(one, other):
    low, high = sorted((one, other))
    assert health.for_load(low).patience <= health.for_load(high).patience + health.INTERVAL


def test_a_short_load_leaves_a_quick_check():
    assert health.for_load(60) == health.HealthCheck(interval=10, retries=3, start_period=60)


def test_what_goes_over_the_start_period_is_covered_by_failures():
    assert health.for_load(900) == health.HealthCheck(interval=67, retries=10, start_period=300)


def test_a_load_that_no_numbers_cover_gets_the_longest_patience():
    assert health.for_load(10_000).patience == health.LONGEST_LOAD


def test_the_command_is_the_images_own_program_and_has_time_to_give_up_by_itself():
    assert list(health.COMMAND) == ["CMD", "python", "-m", healthcheck.__name__]
    assert healthcheck.TIMEOUT_SECONDS < health.TIMEOUT
