from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from neuronserve.errors import ClientGone, DeadlineExceeded, Overloaded
from neuronserve.gateway.handlers.threads import MOST_OVER, Threads
from tests.cpuservers import wait_for

SOON = 0.01


def nobody(_cancel: Callable[[], None] | None) -> None:
    pass


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def threads(told: list[str]) -> Threads:
    return Threads(lambda: told.append("over"), lambda: told.append("full"))


def test_what_a_handler_returns_comes_back_and_what_it_raises_is_raised(threads: Threads) -> None:
    def broken(_watch: object) -> None:
        raise LookupError("inside")

    assert threads.run(lambda _: 42, 30, nobody) == 42
    with pytest.raises(LookupError, match="inside"):
        threads.run(broken, 30, nobody)


def test_threads_are_used_again(threads: Threads) -> None:
    assert len({threads.run(lambda _: threading.get_ident(), 30, nobody) for _ in range(20)}) == 1


def test_handlers_run_at_the_same_time(threads: Threads) -> None:
    meet = threading.Barrier(2)
    other = threading.Thread(target=threads.run, args=(lambda _: meet.wait(30), 30, nobody))
    other.start()
    threads.run(lambda _: meet.wait(30), 30, nobody)
    other.join()


def test_a_handler_that_runs_over_is_given_up_counted_and_forgotten_at_its_end(
    threads: Threads, told: list[str]
) -> None:
    go_on = threading.Event()
    with pytest.raises(DeadlineExceeded, match="the model's own code"):
        threads.run(lambda _: go_on.wait(30), SOON, nobody)
    assert (threads.over, told) == (1, ["over"])
    assert threads.run(lambda _: "another", 30, nobody) == "another"
    go_on.set()
    wait_for(lambda: threads.over == 0, "the count")


def test_too_many_that_run_over_have_the_worker_replaced_and_no_more_are_begun(
    threads: Threads, told: list[str]
) -> None:
    go_on = threading.Event()
    for _ in range(MOST_OVER):
        with pytest.raises(DeadlineExceeded):
            threads.run(lambda _: go_on.wait(30), SOON, nobody)
    assert told.count("full") == 1
    with pytest.raises(Overloaded, match="run over their time"):
        threads.run(lambda _: 1, 30, nobody)
    go_on.set()
    wait_for(lambda: threads.over == 0, "the count")
    assert threads.run(lambda _: 1, 30, nobody) == 1


def test_a_client_who_leaves_has_the_call_to_the_model_cancelled(threads: Threads) -> None:
    hang_ups: list[Callable[[], None]] = []
    cancelled = threading.Event()

    def work(watch: Callable[[Callable[[], None] | None], None]) -> None:
        watch(cancelled.set)
        hang_ups[0]()
        assert cancelled.wait(30)

    def watch(cancel: Callable[[], None] | None) -> None:
        if cancel is not None:
            hang_ups.append(cancel)

    begun = threading.Event()

    def patient(inner: Callable[[Callable[[], None] | None], None]) -> None:
        assert begun.wait(30)
        work(inner)

    def watched(cancel: Callable[[], None] | None) -> None:
        watch(cancel)
        begun.set()

    with pytest.raises(ClientGone):
        threads.run(patient, 30, watched)
    assert cancelled.is_set()


def test_a_call_that_begins_after_the_time_is_up_is_cancelled_at_once(threads: Threads) -> None:
    go_on, cancelled = threading.Event(), threading.Event()

    def work(watch: Callable[[Callable[[], None] | None], None]) -> None:
        assert go_on.wait(30)
        watch(cancelled.set)

    with pytest.raises(DeadlineExceeded):
        threads.run(work, SOON, nobody)
    go_on.set()
    assert cancelled.wait(30)
