from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, wait

import pytest

from neuronserve.errors import ClientGone, ModelFailed
from neuronserve.modelserver.lanes import Lanes

LONG = 10


@pytest.fixture
def others() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


@pytest.mark.parametrize("lanes", [1, 2, 8])
@pytest.mark.parametrize("parts", [0, 1, 7, 100])
def test_answers_come_in_the_order_of_the_parts(others, parts: int, lanes: int) -> None:
    assert Lanes(parts, lambda part, _: b"%d" % part).run(lanes, others) == [b"%d" % i for i in range(parts)]


def test_as_many_run_at_once_as_there_are_lanes(others) -> None:
    together = threading.Barrier(3)

    def send(part: int, _watch) -> bytes:
        together.wait(LONG)
        return b""

    assert len(Lanes(6, send).run(3, others)) == 6


def test_never_more_run_at_once_than_there_are_lanes(others) -> None:
    lock, running, most = threading.Lock(), [0], [0]

    def send(part: int, _watch) -> bytes:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1
        return b""

    Lanes(200, send).run(3, others)
    assert 1 <= most[0] <= 3


def test_the_asking_thread_gets_on_when_all_others_are_busy() -> None:
    hold = threading.Event()
    with ThreadPoolExecutor(1) as busy:
        busy.submit(hold.wait, LONG)
        try:
            assert Lanes(5, lambda part, _: b"%d" % part).run(4, busy) == [b"0", b"1", b"2", b"3", b"4"]
        finally:
            hold.set()


class _Full:
    def submit(self, _work, *_arguments) -> None:
        raise RuntimeError("can't start new thread")


def test_without_more_threads_the_asking_one_does_it_all() -> None:
    assert Lanes(3, lambda part, _: b"%d" % part).run(3, _Full()) == [b"0", b"1", b"2"]


def test_the_first_fault_cancels_the_calls_of_the_others_and_begins_none(others) -> None:
    waiting, begun = threading.Event(), []

    def send(part: int, watch) -> bytes:
        begun.append(part)
        if part == 0:
            waiting.wait(LONG)
            raise ModelFailed("first")
        cancelled = threading.Event()
        watch(cancelled.set)
        waiting.set()
        assert cancelled.wait(LONG)
        watch(None)
        raise ClientGone("cancelled")

    with pytest.raises(ModelFailed, match="first"):
        Lanes(50, send).run(2, others)
    assert sorted(begun) == [0, 1]


def test_a_client_that_leaves_cancels_all_calls(others) -> None:
    both = threading.Barrier(3)

    def send(part: int, watch) -> bytes:
        cancelled = threading.Event()
        watch(cancelled.set)
        both.wait(LONG)
        assert cancelled.wait(LONG)
        raise ClientGone("cancelled")

    lanes = Lanes(10, send)
    leaving = threading.Thread(target=lambda: (both.wait(LONG), lanes.hang_up()))
    leaving.start()
    with pytest.raises(ClientGone):
        lanes.run(2, others)
    leaving.join()


def test_a_client_that_left_before_has_nothing_sent(others) -> None:
    lanes = Lanes(3, lambda _part, _watch: pytest.fail("it was sent"))
    lanes.hang_up()
    with pytest.raises(ClientGone):
        lanes.run(2, others)


def test_a_call_that_has_ended_is_not_cancelled() -> None:
    cancelled: list[int] = []

    def send(part: int, watch) -> bytes:
        watch(lambda: cancelled.append(part))
        watch(None)
        if part == 1:
            raise ModelFailed("at last")
        return b""

    with pytest.raises(ModelFailed):
        Lanes(2, send).run(1, ThreadPoolExecutor(1))
    assert cancelled == []


def test_any_exception_comes_out_where_it_was_asked(others) -> None:
    def send(part: int, _watch) -> bytes:
        raise MemoryError

    with pytest.raises(MemoryError):
        Lanes(4, send).run(2, others)


class _Refusing(Executor):
    """As ``ThreadPoolExecutor`` at the limit of threads: what it refuses is in its queue all the same."""

    def __init__(self) -> None:
        self.started: list[threading.Thread] = []

    def submit(self, work, /, *arguments):
        self.started.append(threading.Thread(target=work, args=arguments))
        self.started[-1].start()
        raise RuntimeError("can't start new thread")


def test_a_lane_that_was_refused_and_runs_all_the_same_is_waited_for() -> None:
    taken, hold, refusing = threading.Event(), threading.Event(), _Refusing()

    def send(part: int, _watch) -> bytes:
        if threading.current_thread() in refusing.started:
            taken.set()
            hold.wait(LONG)
        else:
            taken.wait(LONG)
        return b"%d" % part

    with ThreadPoolExecutor(1) as client:
        asking = client.submit(lambda: tuple(Lanes(2, send).run(2, refusing)))
        assert taken.wait(LONG)
        wait([asking], 0.2)
        early = asking.done()
        hold.set()
        assert asking.result(LONG) == (b"0", b"1")
    assert not early
    refusing.started[0].join(LONG)


def test_a_lane_that_begins_when_all_is_over_finds_nothing_to_do() -> None:
    hold, sent = threading.Event(), []
    with ThreadPoolExecutor(1) as busy:
        busy.submit(hold.wait, LONG)
        assert Lanes(3, lambda part, _: sent.append(part) or b"").run(3, busy) == [b""] * 3
        hold.set()
    assert sent == [0, 1, 2]


@pytest.mark.parametrize("lanes", [1, 2, 8])
@pytest.mark.parametrize("parts", [0, 1, 7, 100])
def test_answers_that_are_wanted_one_by_one_come_in_order_and_once(others, parts: int, lanes: int) -> None:
    turns = list(Lanes(parts, lambda part, _: b"%d" % part).each(lanes, others))
    assert [answer for turn in turns for answer in turn] == [b"%d" % i for i in range(parts)]
    assert all(turns)


def test_an_answer_is_had_while_a_later_part_still_runs(others) -> None:
    hold = threading.Event()

    def send(part: int, _watch) -> bytes:
        if part == 1:
            assert hold.wait(LONG)
        return b"%d" % part

    turns = Lanes(3, send).each(2, others)
    assert next(turns) == [b"0"]
    hold.set()
    assert [answer for turn in turns for answer in turn] == [b"1", b"2"]


def test_one_by_one_the_asking_thread_gets_on_when_all_others_are_busy() -> None:
    hold = threading.Event()
    with ThreadPoolExecutor(1) as busy:
        busy.submit(hold.wait, LONG)
        try:
            turns = Lanes(3, lambda part, _: b"%d" % part).each(2, busy)
            assert list(turns) == [[b"0"], [b"1"], [b"2"]]
        finally:
            hold.set()


def test_a_fault_comes_in_the_place_of_the_answers_that_follow(others) -> None:
    first = threading.Event()

    def send(part: int, _watch) -> bytes:
        if part == 1:
            assert first.wait(LONG)
            raise ModelFailed("no")
        return b"%d" % part

    turns = Lanes(9, send).each(1, others)
    assert next(turns) == [b"0"]
    first.set()
    with pytest.raises(ModelFailed):
        next(turns)


def test_who_wants_no_more_answers_leaves_no_call_behind(others) -> None:
    cancelled, running = threading.Event(), threading.Event()

    def send(part: int, watch) -> bytes:
        if part == 0:
            return b"0"
        watch(cancelled.set)
        running.set()
        assert cancelled.wait(LONG)
        watch(None)
        raise ClientGone("cancelled")

    turns = Lanes(5, send).each(2, others)
    assert next(turns) == [b"0"]
    assert running.wait(LONG)
    turns.close()
    assert cancelled.is_set()
