"""How long there was no right answer, and which broken connections a killed front excuses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaos import answers, stall
from chaos.answers import Answer, Ledger, Window

MOMENTS = st.floats(0, 100, allow_nan=False)
INTERVALS = st.tuples(MOMENTS, MOMENTS).map(sorted)


def answer(kind: str, began: float, ended: float, target: str = "model") -> Answer:
    return Answer(began, ended, kind, target, "json")


@given(st.lists(MOMENTS).map(sorted), INTERVALS)
def test_a_gap_has_no_right_answer_within_and_begins_in_the_interval(times, interval) -> None:
    began, ended = interval
    gap = answers.longest_gap(times, began, ended, 100.0)
    assert not [one for one in times if gap.began < one < gap.ended]
    assert began <= gap.began <= ended
    assert gap.ended <= 100.0


@given(st.lists(MOMENTS, min_size=1).map(sorted), INTERVALS)
def test_no_longer_gap_begins_in_the_interval(times, interval) -> None:
    began, ended = interval
    longest = answers.longest_gap(times, began, ended, 100.0).seconds
    for first in [began, *(one for one in times if began <= one <= ended)]:
        after = next((one for one in times if one > first), max(ended, 100.0))
        assert after - first <= longest


def test_a_gap_lasts_until_now_where_no_right_answer_has_come_yet() -> None:
    assert answers.longest_gap([1.0, 2.0], 2.5, 4.0, 9.0).seconds == 6.5


def test_a_gap_counts_to_the_answer_after_the_interval() -> None:
    assert answers.longest_gap([1.0, 8.0], 1.0, 3.0, 9.0).seconds == 7.0


@given(st.lists(MOMENTS, min_size=1, max_size=50), INTERVALS)
def test_the_ledger_takes_answers_in_any_order(times, interval) -> None:
    ledger = Ledger()
    for moment in times:
        ledger.add(answer(answers.RIGHT, moment, moment))
    assert ledger.gap(*interval, 100.0) == answers.longest_gap(sorted(times), *interval, 100.0)
    assert ledger.gap(*interval, 100.0, "model") == ledger.gap(*interval, 100.0)


def test_only_right_answers_of_steady_clients_end_a_gap() -> None:
    ledger = Ledger()
    ledger.add(answer(answers.RIGHT, 0.0, 1.0))
    ledger.add(answer(answers.REFUSED, 1.0, 2.0))
    ledger.add(answer(answers.RIGHT, 2.0, 3.0), steady=False)
    ledger.add(answer(answers.RIGHT, 2.0, 3.5, "other"))
    assert ledger.gap(1.0, 5.0, 6.0).seconds == 2.5
    assert ledger.gap(1.0, 5.0, 6.0, "model").seconds == 5.0
    assert ledger.right_since(1.0) == 1
    assert [one.kind for one in ledger.failures] == []


@given(INTERVALS, INTERVALS)
def test_a_reset_is_excused_exactly_when_it_meets_a_window(request_, window) -> None:
    meets = request_[0] <= window[1] and request_[1] >= window[0]
    assert answers.excused(answer(answers.RESET, *request_), [Window(*window)]) is meets
    assert not answers.excused(answer(answers.HUNG, *request_), [Window(*window)])


@given(st.lists(INTERVALS, max_size=5), INTERVALS)
def test_the_hosts_part_of_a_gap_is_that_in_which_it_stood_still(stalls, gap) -> None:
    apart = [(first + 100 * at, last + 100 * at) for at, (first, last) in enumerate(stalls)]
    whole = stall.overlap(apart, 0.0, 1000.0)
    assert abs(whole - sum(last - first for first, last in apart)) < 1e-6
    assert 0 <= stall.overlap(apart, *gap) <= gap[1] - gap[0]


def test_the_host_is_as_slow_as_it_says() -> None:
    host = stall.Host()
    for line in ('{"late": 0.5, "at": 10.5}', '{"slow": 1.0, "at": 1}', '{"slow": 4.0, "at": 2}'):
        host.hear(line)
    assert abs(host.within(10.2, 20.0) - 0.3) < 1e-9
    assert (host.longest, host.slowed(0.0), host.slowed(1.0)) == (0.5, 1.0, 4.0)
    assert (host.slowed_within(0.0, 1.5), host.slowed_within(8.0, 9.0)) == (4.0, 1.0)
