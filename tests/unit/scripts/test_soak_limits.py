"""What makes a run fail, and what does not."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos import limits
from chaos.answers import FAILED, HUNG, RESET, WRONG, Answer, Window
from chaos.limits import Account, Ending, Injection, Usage
from chaos.scene import Peak
from chaos.schedule import KINDS

KIND = {kind.name: kind for kind in KINDS}
USUAL = Usage(
    descriptors=200, rss=1 << 30, pss=1 << 29, processes=11, files={"run/state.json": 1}, bytes=1 << 20
)
GOOD = Account(
    failures=[],
    compared=1000,
    injections=[Injection(KIND["kill-nginx-master"], ("nginx-master:7",), gap=1.9, recovery=2.0)],
    fronts=[Window(10.0, 12.0)],
    before=USUAL,
    after=USUAL,
    ending=Ending(exit_code=0, seconds=3.0),
)


def failure(kind: str, began: float = 1.0, ended: float = 2.0) -> Answer:
    return Answer(began, ended, kind, "model", "json", "what came")


def with_injection(**changed) -> Account:
    return dataclasses.replace(GOOD, injections=[dataclasses.replace(GOOD.injections[0], **changed)])


def test_a_run_in_order_breaks_no_limit() -> None:
    assert limits.broken(GOOD) == []
    assert limits.broken(dataclasses.replace(GOOD, failures=[failure(RESET, 9.0, 10.5)])) == []


@pytest.mark.parametrize("kind", [WRONG, HUNG, FAILED, RESET])
def test_one_bad_answer_breaks_a_limit_and_is_shown(kind) -> None:
    (line,) = limits.broken(dataclasses.replace(GOOD, failures=[failure(kind)]))
    assert line.startswith("1 ")
    assert "what came" in line


@pytest.mark.parametrize("kind", [WRONG, HUNG, FAILED])
def test_a_killed_front_excuses_resets_only(kind) -> None:
    assert limits.broken(dataclasses.replace(GOOD, failures=[failure(kind, 10.5, 11.0)]))


def test_a_run_that_compared_nothing_is_no_success() -> None:
    assert limits.broken(dataclasses.replace(GOOD, compared=0)) == ["no answer was compared"]


@given(st.floats(0, 20), st.floats(0, 20), st.sampled_from(KINDS))
def test_a_gap_breaks_a_limit_exactly_when_the_services_part_is_too_long(gap, stalled, kind) -> None:
    account = with_injection(kind=kind, gap=gap, stalled=stalled)
    too_long = kind.longest_gap is not None and gap - stalled > kind.longest_gap
    assert bool(limits.broken(account)) is too_long


def test_kills_have_two_seconds_and_freezes_five() -> None:
    for kind in KINDS:
        if kind.name.startswith("kill-") and kind.part:
            assert kind.longest_gap == 2.0
        if kind.name.startswith(("freeze-", "pause-")) and kind.part:
            assert kind.longest_gap == 5.0


@pytest.mark.parametrize(
    "changed",
    [{"recovery": None}, {"found": False}, {"notes": ("a bomb: 500",)}],
    ids=lambda one: next(iter(one)),
)
def test_an_injection_that_did_not_go_as_it_must_breaks_a_limit(changed) -> None:
    (line,) = limits.broken(with_injection(**changed))
    assert "kill-nginx-master nginx-master:7" in line


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"descriptors": 265}, "descriptors"),
        ({"pss": 1 << 30}, "memory"),
        ({"bytes": 10 << 20}, "bytes in files"),
        ({"processes": 12}, "processes"),
        ({"files": {"run/state.json": 4}}, "3 more of run/state.json"),
        ({"files": {"run/state.json": 1, "run/new-#": 3}}, "3 more of run/new-#"),
    ],
)
def test_what_grew_too_much_is_named(changed, word) -> None:
    (line,) = limits.broken(dataclasses.replace(GOOD, after=dataclasses.replace(USUAL, **changed)))
    assert word in line


@pytest.mark.parametrize(
    ("ending", "word"),
    [
        (Ending(exit_code=40), "ended with 40"),
        (Ending(processes=("7 nginx",)), "process 7 nginx"),
        (Ending(files=("small/run/x",)), "file small/run/x"),
        (Ending(exit_code=31, ended="exit code 31"), "by itself: exit code 31"),
    ],
)
def test_a_stop_that_leaves_something_breaks_a_limit(ending, word) -> None:
    (line,) = limits.broken(dataclasses.replace(GOOD, ending=ending))
    assert word in line


def test_two_owners_and_a_guarded_host_break_limits() -> None:
    account = dataclasses.replace(GOOD, doubled=["3: processes 1 and 2"], guarded=["killed the largest"])
    assert len(limits.broken(account)) == 2


def test_a_peak_is_of_the_time_since_it_was_last_asked_for() -> None:
    peak = Peak()
    for resident in (5, 9, 4):
        peak.see(resident)
    assert (peak.since(), peak.since()) == (9, 4)
    peak.see(6)
    peak.see(2)
    assert (peak.since(), peak.since(), peak.all) == (6, 2, 9)
