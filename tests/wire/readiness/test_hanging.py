"""A server that accepts and never answers, found with a clock of the test's own."""

from __future__ import annotations

import threading
from pathlib import Path

from neuronserve.readiness.canary import Canary
from neuronserve.readiness.proof import Proof, Subject
from neuronserve.readiness.watchman import Watchman
from tests.cpuservers import wait_for


def watched(server, folder: Path, completed=lambda: 0) -> Watchman:
    proof = Proof(server.target, [Subject("m", 1, folder, None)], deadline=20)
    proof.prove()
    one = Watchman(proof, Canary(idle_seconds=5, hang_seconds=15, typical_seconds=0), completed)
    assert one.poll(0) == ""
    return one


def test_a_server_that_hangs_after_it_was_ready_is_told(scripted, tmp_path) -> None:
    server = scripted()
    one = watched(server, tmp_path)
    server.hold = threading.Event()
    assert one.poll(5) == ""
    assert server.entered.wait(10)
    assert one.poll(20) == ""
    assert "answered nothing for 15 s" in one.poll(21)
    server.hold.set()


def test_a_server_that_is_only_slow_is_not(scripted, tmp_path) -> None:
    server = scripted()
    one = watched(server, tmp_path)
    server.hold = threading.Event()
    one.poll(5)
    assert server.entered.wait(10)
    assert one.poll(19) == ""
    server.hold.set()
    wait_for(lambda: one.poll(19) == "" and one._question is None, "the answer was noticed", 10)
    assert one.poll(20) == ""
    assert one.poll(22) == ""


def test_a_busy_server_is_never_asked(scripted, tmp_path) -> None:
    server = scripted()
    answers = iter(range(1, 1000))
    one = watched(server, tmp_path, lambda: next(answers))
    server.requests.clear()
    for now in range(1, 100):
        assert one.poll(now) == ""
    assert not server.requests
