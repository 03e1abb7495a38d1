from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuronserve.readiness.canary import Canary


def canary(idle: float = 5, hang: float = 15, typical: float = 0.01) -> Canary:
    made = Canary(idle_seconds=idle, hang_seconds=hang, typical_seconds=typical)
    assert not made.due(100, 0)  # the first look
    return made


def test_a_server_that_answers_is_not_asked() -> None:
    one = canary()
    for second in range(1, 60):
        assert not one.due(100 + second, completed=second)


def test_an_idle_server_is_asked() -> None:
    one = canary()
    assert not one.due(104.9, 0)
    assert one.due(105, 0)


def test_a_server_that_answered_the_canary_is_left_alone_until_it_is_idle_again() -> None:
    one = canary()
    one.asked(105)
    one.answered(106)
    assert not one.hung(200, 0)
    assert not one.due(110.9, 0)
    assert one.due(111, 0)


def test_a_server_that_owes_its_answer_too_long_is_hung() -> None:
    one = canary()
    one.asked(105)
    assert not one.hung(119.9, 0)
    assert one.hung(120, 0)


def test_a_server_that_answers_others_owes_nothing() -> None:
    one = canary()
    one.asked(105)
    assert not one.hung(119, 1)
    assert not one.hung(133, 1)
    assert one.due(134, 1)  # and is asked anew once it is idle


def test_a_question_that_came_to_nothing_is_asked_again_and_the_debt_runs_on() -> None:
    one = canary()
    one.asked(105)
    assert not one.due(109, 0)
    assert one.due(110, 0)
    one.asked(110)
    assert one.hung(120, 0)


def test_a_slow_model_is_given_twenty_times_what_it_usually_takes() -> None:
    one = canary(hang=15, typical=3)
    one.asked(105)
    assert not one.hung(164.9, 0)
    assert one.hung(165, 0)


def test_a_canary_of_zero_seconds_never_asks() -> None:
    assert not canary(idle=0).due(1e9, 0)


def test_a_restarted_count_is_a_sign_of_life_too() -> None:
    one = canary()
    one.due(101, 10)
    one.asked(106)
    assert not one.hung(130, 3)


STEPS = st.lists(st.tuples(st.floats(0, 60), st.booleans(), st.booleans()), max_size=40)


@given(steps=STEPS)
def test_whoever_answered_something_within_its_patience_is_never_hung(steps) -> None:
    one, now, completed, alive = canary(), 100.0, 0, 100.0
    for pause, served, replies in steps:
        now += pause
        if served:
            completed += 1
            alive = now
        if one.due(now, completed):
            one.asked(now)
            if replies:
                one.answered(now)
                alive = now
        assert not (one.hung(now, completed) and now - alive < one.patience)


@given(idle=st.floats(0.1, 100), hang=st.floats(0.1, 100), typical=st.floats(0, 10), step=st.floats(0.1, 10))
def test_whoever_answers_nothing_at_all_is_found(idle, hang, typical, step) -> None:
    one = Canary(idle_seconds=idle, hang_seconds=hang, typical_seconds=typical)
    now = 0.0
    while not one.hung(now, 7):
        if one.due(now, 7):
            one.asked(now)
        now += step
        assert now <= idle + one.patience + 3 * step
