from __future__ import annotations

import threading
from types import SimpleNamespace

import grpc
import numpy as np
import pytest

from neuronserve import errors
from neuronserve.modelserver import calls, client
from neuronserve.readiness import lanes
from neuronserve.readiness.lanes import Lanes
from tests.cpuservers import wait_for


@pytest.fixture
def senders(monkeypatch) -> list[int]:
    """The threads that sent something, by their numbers, in order."""
    found: list[int] = []
    call = lanes.Client.call

    def noted(*arguments):
        found.append(threading.get_ident())
        return call(*arguments)

    monkeypatch.setattr(lanes.Client, "call", noted)
    return found


def message() -> bytes:
    return calls.predict_request(calls.Spec("m"), {"x": np.zeros((1, 2), np.float32)}, {"x": "float32"})


def test_each_copy_is_sent_by_a_thread_of_its_own(scripted, senders) -> None:
    with Lanes(scripted().target, 10) as some:
        assert len(some.ask(client.PREDICT, message(), copies=4)) == 4
    assert len(set(senders)) == 4
    assert threading.get_ident() in senders


def test_a_message_too_large_to_be_under_way_several_times_goes_one_after_the_other(
    scripted, senders, monkeypatch
) -> None:
    monkeypatch.setattr(lanes, "_IN_FLIGHT", 1)
    with Lanes(scripted().target, 10) as some:
        assert len(some.ask(client.PREDICT, message(), copies=5)) == 5
    assert senders == [threading.get_ident()] * 5


def test_without_more_threads_one_asks_for_all(scripted, senders, monkeypatch) -> None:
    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(lanes, "threading", SimpleNamespace(Thread=NoThread))
    with Lanes(scripted().target, 10) as some:
        assert len(some.ask(client.PREDICT, message(), copies=3)) == 3
    assert senders == [threading.get_ident()] * 3


def test_the_threads_end_with_the_questions(scripted) -> None:
    target = scripted().target
    with Lanes(target, 10) as some:
        some.ask(client.PREDICT, message(), copies=4)
        theirs = [t for t in threading.enumerate() if getattr(t, "_target", None) == some._serve]
        assert len(theirs) == 3
    wait_for(lambda: not any(t.is_alive() for t in theirs), "the threads ended", 10)


def test_one_fault_among_many_answers_is_raised(scripted) -> None:
    first = iter([True])

    def predict(arrays):
        if next(first, False):
            raise ValueError("a core is broken")
        return {"y": arrays["x"]}

    with Lanes(scripted(predict=predict).target, 10) as some, pytest.raises(errors.ModelFailed):
        some.ask(client.PREDICT, message(), copies=4)


def test_a_fault_of_our_own_is_raised_where_it_was_asked(monkeypatch, tmp_path) -> None:
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(lanes.Client, "call", broken)
    with Lanes(f"unix:{tmp_path}/none", 10) as some, pytest.raises(ZeroDivisionError):
        some.ask(client.PREDICT, message(), copies=3)


def test_a_queue_that_stays_full_is_told_in_the_end(scripted) -> None:
    server = scripted()
    server.fail = (grpc.StatusCode.RESOURCE_EXHAUSTED, "full")
    with Lanes(server.target, 0.2) as some, pytest.raises(errors.Overloaded):
        some.ask(client.PREDICT, message())
