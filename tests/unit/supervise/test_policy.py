from hypothesis import given
from hypothesis import strategies as st

from neuronserve.supervise.policy import LONGEST_DELAY, Again, GiveUp, History, Policy, back_off

# a run: how long it took until it died, and how long of that it was ready (None: never)
RUNS = st.lists(st.tuples(st.floats(0, 100), st.none() | st.floats(0, 100)), max_size=60)
POLICIES = st.builds(
    Policy, start_attempts=st.integers(1, 6), max_restarts=st.integers(0, 10), window=st.floats(1, 500)
)


def _play(policy, runs):
    history, now = History(policy), 0.0
    for length, ready_for in runs:
        now += length
        verdict = history.failed_to_start() if ready_for is None else history.died(now, ready_for)
        yield now, ready_for, verdict
        if isinstance(verdict, GiveUp):
            return


def test_failed_starts_in_a_row_use_up_the_attempts():
    history = History(Policy(start_attempts=3))
    assert [type(history.failed_to_start()) for _ in range(3)] == [Again, Again, GiveUp]


def test_a_run_that_was_ready_gives_the_attempts_back():
    history = History(Policy(start_attempts=2))
    history.failed_to_start()
    history.died(now=10, ready_for=0.1)
    assert isinstance(history.failed_to_start(), Again)


def test_no_restart_at_all_gives_up_at_the_first_death():
    verdict = History(Policy(max_restarts=0, window=60)).died(now=1, ready_for=50)
    assert verdict == GiveUp("died once within 60 s")


def test_deaths_outside_the_window_are_forgotten():
    history = History(Policy(max_restarts=1, window=100))
    assert isinstance(history.died(now=0, ready_for=9), Again)
    assert isinstance(history.died(now=100, ready_for=9), Again)
    assert history.died(now=150, ready_for=9) == GiveUp("died 2 times within 100 s")


def test_a_steady_run_resets_the_back_off_but_not_the_budget():
    history = History(Policy(max_restarts=3))
    delays = [history.died(now, ready_for).after for now, ready_for in ((1, 0.5), (2, 0.5), (3, 1.0))]
    assert delays == [0.2, 0.4, 0.1]
    assert isinstance(history.died(4, 10.0), GiveUp)


@given(st.integers(0, 10**9))
def test_the_back_off_grows_and_is_bounded(short_runs):
    assert 0.1 <= back_off(short_runs) <= back_off(short_runs + 1) <= LONGEST_DELAY


@given(POLICIES, RUNS)
def test_nothing_is_ever_restarted_beyond_either_budget(policy, runs):
    deaths, failed_in_a_row = [], 0
    for now, ready_for, verdict in _play(policy, runs):
        if ready_for is None:
            failed_in_a_row += 1
        else:
            failed_in_a_row = 0
            deaths.append(now)
        recent = [death for death in deaths if death > now - policy.window]
        spent = failed_in_a_row >= policy.start_attempts or (
            ready_for is not None and len(recent) > policy.max_restarts
        )
        assert isinstance(verdict, GiveUp) == spent


@given(POLICIES, RUNS)
def test_restarts_count_the_verdicts_to_start_again(policy, runs):
    history = History(policy)
    again = 0
    for length, ready_for in runs:
        verdict = history.failed_to_start() if ready_for is None else history.died(length, ready_for)
        again += isinstance(verdict, Again)
    assert history.restarts == again
