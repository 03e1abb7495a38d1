from __future__ import annotations

import threading

import pytest

from neuronserve.readiness.canary import Canary
from neuronserve.readiness.watchman import Watchman
from tests.cpuservers import wait_for


class Server:
    """Stands in for a Proof: a canary comes back when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.asked = 0
        self.back = 0
        self.answer: bool | Exception = True
        self.completed = 0
        self.timeout = 0.0

    def canary(self, timeout: float) -> bool:
        self.asked += 1
        self.timeout = timeout
        self.let.wait(20)
        self.back += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def server():
    made = Server()
    yield made
    made.let.set()


def watchman(server: Server) -> Watchman:
    made = Watchman(
        server,
        Canary(idle_seconds=5, hang_seconds=15, typical_seconds=0),
        completed=lambda: server.completed,
    )
    assert made.poll(100) == ""
    return made


def asked(server: Server, times: int) -> None:
    wait_for(lambda: server.asked == times, "the canary was asked", 10)


def came_back(server: Server, times: int, threads: int) -> None:
    wait_for(lambda: server.back == times and threading.active_count() <= threads, "it came back", 10)


def test_a_server_that_never_answers_is_told_after_two_looks(server) -> None:
    one = watchman(server)
    assert one.poll(105) == ""
    asked(server, 1)
    assert one.poll(120) == ""
    assert "answered nothing for 15 s" in one.poll(121)


def test_a_verdict_waits_for_a_server_that_was_frozen_together_with_its_watchman(server) -> None:
    one, threads = watchman(server), threading.active_count()
    one.poll(105)
    assert one.poll(1105) == ""
    server.let.set()
    came_back(server, 1, threads)
    assert one.poll(1107) == ""
    assert one.poll(1109) == ""


def test_at_most_one_question_is_out(server) -> None:
    one = watchman(server)
    for now in range(105, 119):
        one.poll(now)
    asked(server, 1)
    server.let.set()
    wait_for(lambda: server.back == 1, "it came back", 10)
    assert server.asked == 1


def test_a_server_that_answers_is_asked_again_after_its_idle_time(server) -> None:
    server.let.set()
    one, threads = watchman(server), threading.active_count()
    one.poll(105)
    came_back(server, 1, threads)
    assert one.poll(106) == ""
    assert one.poll(110.9) == ""
    assert server.asked == 1
    one.poll(111)
    asked(server, 2)


def test_a_busy_server_is_never_asked(server) -> None:
    one = watchman(server)
    for now in range(101, 200):
        server.completed += 1
        assert one.poll(now) == ""
    assert server.asked == 0


def test_a_server_that_cannot_be_reached_is_asked_again_and_told_in_the_end(server) -> None:
    server.let.set()
    server.answer = False
    one, threads = watchman(server), threading.active_count()
    for times, now in enumerate((105, 110, 115), 1):
        assert one.poll(now) == ""
        came_back(server, times, threads)
    one.poll(120)
    assert "owes an answer" in one.poll(122)


def test_a_fault_of_the_canary_itself_is_logged_and_no_proof_against_the_server(server, caplog) -> None:
    server.let.set()
    server.answer = KeyError("ours")
    one, threads = watchman(server), threading.active_count()
    one.poll(105)
    came_back(server, 1, threads)
    assert one.poll(106) == ""
    assert one.poll(124) == ""
    assert "the canary failed" in caplog.text


def test_the_question_is_given_as_long_as_the_server_is(server) -> None:
    one = watchman(server)
    one.poll(105)
    asked(server, 1)
    assert server.timeout == 15


def test_without_a_thread_to_ask_in_nothing_is_owed(server, monkeypatch) -> None:
    def limit(_self) -> None:
        raise RuntimeError("can't start new thread")

    one = watchman(server)
    monkeypatch.setattr(threading.Thread, "start", limit)
    for now in (105, 110, 150, 151, 152):
        assert one.poll(now) == ""
