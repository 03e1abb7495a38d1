from __future__ import annotations

import queue
import socket
import threading

import pytest

from neuronserve.gateway import watch
from neuronserve.gateway.watch import Watcher


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_call_is_cancelled_when_the_other_end_goes_away(pair) -> None:
    ours, theirs = pair
    watcher, cancelled = Watcher(), threading.Event()
    watcher.add(ours)
    connection = watcher.connection(ours.fileno())
    connection.watch(cancelled.set)
    theirs.close()
    assert cancelled.wait(5)


def test_a_call_that_begins_on_a_dead_connection_is_cancelled_at_once(pair) -> None:
    ours, theirs = pair
    watcher, noticed, late = Watcher(), threading.Event(), threading.Event()
    watcher.add(ours)
    connection = watcher.connection(ours.fileno())
    connection.watch(noticed.set)
    theirs.close()
    assert noticed.wait(5)
    connection.watch(late.set)
    assert late.is_set()


def test_data_that_arrives_cancels_nothing(pair) -> None:
    ours, theirs = pair
    watcher, cancelled = Watcher(), threading.Event()
    watcher.add(ours)
    watcher.connection(ours.fileno()).watch(cancelled.set)
    theirs.sendall(b"more")
    assert ours.recv(10) == b"more"
    assert not cancelled.is_set()


def test_a_number_that_another_socket_took_over_is_not_known() -> None:
    watcher = Watcher()
    first, other = socket.socketpair()
    number = first.fileno()
    watcher.add(first)
    first.close()
    other.close()
    second, another = socket.socketpair()
    try:
        reused = second if second.fileno() == number else another
        assert reused.fileno() == number
        assert not watcher.knows(reused)
        watcher.add(reused)
        assert watcher.knows(reused)
        watcher.drop(reused)
        assert not watcher.knows(reused)
    finally:
        second.close()
        another.close()


def test_an_event_about_a_number_that_another_connection_has_by_now_cancels_nothing(monkeypatch) -> None:
    class Events(queue.SimpleQueue):
        """Stands in for epoll, whose events may be old by the time they are read."""

        register = unregister = staticmethod(lambda *_: None)

        def poll(self):
            return [(self.get(), 0)]

    events = Events()
    monkeypatch.setattr(watch.select, "epoll", lambda: events)
    watcher, wrong, right = Watcher(), threading.Event(), threading.Event()
    (ours, theirs), (dead, other) = socket.socketpair(), socket.socketpair()
    with ours, theirs, dead:
        for sock, cancelled in ((ours, wrong), (dead, right)):
            watcher.add(sock)
            watcher.connection(sock.fileno()).watch(cancelled.set)
        other.close()
        events.put(ours.fileno())
        events.put(dead.fileno())
        assert right.wait(5)
        assert not wrong.is_set()
