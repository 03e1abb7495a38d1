"""Copies of models on the cores of a process: who waits for whom."""

import contextlib
import threading
import time

import pytest

from neuronserve.simulator.occupancy import Occupancy
from tests.cpuservers import wait_for


class Run:
    """A run in a thread of its own, which occupies a copy until it is told to end."""

    def __init__(self, occupancy, copies, order=None, name=""):
        self.copy = None
        self.done = threading.Event()
        self._may_end = threading.Event()
        self._order, self._name = order, name
        self._thread = threading.Thread(target=self._run, args=(occupancy, copies), daemon=True)
        self._thread.start()

    def _run(self, occupancy, copies):
        with occupancy.occupy(copies, 1, None) as turn:
            self.copy = turn.copy
            if self._order is not None:
                self._order.append(self._name)
            assert self._may_end.wait(60)
        self.done.set()

    def began(self):
        return wait_for(lambda: self.copy is not None, "the run began") and self

    def end(self):
        self._may_end.set()
        self._thread.join(60)
        assert self.done.is_set()


def waiting(occupancy, count):
    wait_for(lambda: len(occupancy._waiting) == count, f"{count} runs wait")


SINGLE = [range(1), range(1, 2), range(2, 3), range(3, 4)]


def test_as_many_runs_as_copies_go_at_the_same_time_each_on_its_own():
    occupancy = Occupancy(4)
    runs = [Run(occupancy, SINGLE).began() for _ in range(4)]
    assert {run.copy for run in runs} == set(SINGLE)
    late = Run(occupancy, SINGLE)
    waiting(occupancy, 1)
    assert late.copy is None
    runs[2].end()
    assert late.began().copy == runs[2].copy
    for run in (runs[0], runs[1], runs[3], late):
        run.end()


def test_runs_are_served_in_the_order_in_which_they_came():
    occupancy, order = Occupancy(1), []
    first = Run(occupancy, [range(1)]).began()
    others = []
    for name in range(5):
        others.append(Run(occupancy, [range(1)], order, name))
        waiting(occupancy, name + 1)
    first.end()
    for run in others:
        run.began().end()
    assert order == [0, 1, 2, 3, 4]


def test_the_copy_that_was_idle_longest_is_taken_so_that_all_get_the_same():
    occupancy = Occupancy(4)
    for _ in range(20):
        with occupancy.occupy(SINGLE, 1, None):
            pass
    assert [count.batches for count in occupancy.counts().values()] == [5, 5, 5, 5]


def test_a_copy_on_several_cores_is_not_starved_by_those_on_one():
    occupancy = Occupancy(2)
    one = Run(occupancy, [range(1)]).began()
    both = Run(occupancy, [range(2)])
    waiting(occupancy, 1)
    later = Run(occupancy, [range(1, 2)])
    waiting(occupancy, 2)
    assert later.copy is None  # core 1 is free, and kept for who came before
    one.end()
    both.began().end()
    later.began().end()


def test_models_share_cores():
    occupancy = Occupancy(2)
    first = Run(occupancy, [range(1)]).began()
    second = Run(occupancy, [range(1), range(1, 2)]).began()
    assert second.copy == range(1, 2)
    for run in (first, second):
        run.end()


def test_a_run_that_waits_past_its_deadline_takes_nothing_and_lets_others_pass():
    occupancy = Occupancy(2)
    one = Run(occupancy, [range(1)]).began()
    with pytest.raises(TimeoutError), occupancy.occupy([range(2)], 1, time.monotonic()):
        raise AssertionError("it began")
    other = Run(occupancy, [range(1, 2)]).began()
    for run in (one, other):
        run.end()
    assert [count.batches for count in occupancy.counts().values()] == [1, 1]


def test_a_run_that_fails_frees_its_cores_and_does_not_count():
    occupancy = Occupancy(1)
    with contextlib.suppress(ValueError), occupancy.occupy([range(1)], 3, None):
        raise ValueError
    with occupancy.occupy([range(1)], 2, None):
        pass
    assert occupancy.counts()[0].batches == 2


def test_a_run_begins_when_the_one_before_it_ended_not_when_its_thread_woke_up():
    occupancy, ends = Occupancy(1), []
    with occupancy.occupy([range(1)], 1, None) as first:
        thread = threading.Thread(target=lambda: ends.append(begin_of(occupancy)))
        thread.start()
        waiting(occupancy, 1)
        first.end = time.monotonic() + 3600
    thread.join(60)
    assert ends == [first.end]


def begin_of(occupancy):
    with occupancy.occupy([range(1)], 1, None) as turn:
        turn.end = turn.begin
        return turn.begin


def test_a_run_does_not_begin_before_it_came():
    occupancy = Occupancy(1)
    begin_of(occupancy)
    came = time.monotonic()
    assert begin_of(occupancy) >= came


def test_busy_seconds_are_those_of_the_turns():
    occupancy = Occupancy(2)
    with occupancy.occupy([range(2)], 3, None) as turn:
        turn.end = turn.begin + 1.5
    assert {(count.batches, round(count.busy_seconds, 6)) for count in occupancy.counts().values()} == {
        (3, 1.5)
    }
