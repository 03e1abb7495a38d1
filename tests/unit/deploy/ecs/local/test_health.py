from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.ecs.agent.checks import Check
from neuronserve.deploy.ecs.local.health import Health, Status


def health(*, start_period=0, retries=3):
    return Health(
        Check(("x",), shell=False, interval=10, timeout=5, retries=retries, start_period=start_period), 0
    )


def after(found, *results):
    """The status after results, one each 10 s."""
    for number, ok in enumerate(results, 1):
        found.result(ok=ok, now=10.0 * number)
    return found.status


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ((), Status.UNKNOWN),
        ((True,), Status.HEALTHY),
        ((False, False), Status.UNKNOWN),
        ((False, False, False), Status.UNHEALTHY),
        ((True, False, False), Status.HEALTHY),
        ((False, False, True, False, False), Status.HEALTHY),
        ((False, False, False, True), Status.HEALTHY),
    ],
)
def test_as_many_failures_in_a_row_as_there_are_retries_make_it_unhealthy(results, status):
    assert after(health(), *results) is status


def test_failures_in_the_start_period_do_not_count():
    assert after(health(start_period=35), *[False] * 5) is Status.UNKNOWN
    assert after(health(start_period=35), *[False] * 6) is Status.UNHEALTHY


def test_after_a_success_failures_count_in_the_start_period_too():
    assert after(health(start_period=1000), True, False, False, False) is Status.UNHEALTHY


def test_the_next_check_comes_an_interval_after_the_last():
    found = health()
    assert found.due == 10
    found.result(ok=True, now=14)
    assert found.due == 24


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 5))
def test_it_is_unhealthy_exactly_when_the_last_results_all_failed(results, retries):
    status = after(health(retries=retries), *results)
    tail = results[-retries:]
    assert (status is Status.UNHEALTHY) == (len(tail) == retries and not any(tail))
