from __future__ import annotations

import io
import queue
import socket
import threading
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from neuronserve.gateway.sticky import StickyWorker


@pytest.fixture
def worker():
    made = StickyWorker.__new__(StickyWorker)
    made.alive = True
    made.tpool = SimpleNamespace(_work_queue=queue.SimpleQueue())
    made._lingering = threading.Semaphore(1)
    return made


@pytest.fixture
def conn():
    ours, theirs = socket.socketpair()
    parser = SimpleNamespace(unreader=SimpleNamespace(buf=io.BytesIO()))
    yield SimpleNamespace(sock=ours, theirs=theirs, parser=parser)
    ours.close()
    theirs.close()


def test_a_thread_stays_when_the_next_request_is_there(worker, conn) -> None:
    conn.theirs.sendall(b"GET")
    assert worker._may_linger(conn)


def test_a_thread_leaves_a_connection_that_stays_silent(worker, conn) -> None:
    assert not worker._may_linger(conn)


def test_a_thread_leaves_at_once_when_others_wait_or_the_worker_stops(worker, conn) -> None:
    conn.theirs.sendall(b"GET")
    worker.tpool._work_queue.put(1)
    assert not worker._may_linger(conn)
    worker.tpool._work_queue.get()
    worker.alive = False
    assert not worker._may_linger(conn)


def test_bytes_read_ahead_are_the_next_request(worker, conn) -> None:
    conn.parser.unreader.buf.write(b"GET")
    assert worker._may_linger(conn)


def test_only_some_threads_may_wait(worker, conn) -> None:
    conn.theirs.sendall(b"GET")
    worker._lingering.acquire()
    assert not worker._may_linger(conn)


def test_questions_and_loads_have_threads_that_predictions_cannot_take(worker, conn) -> None:
    taken: queue.SimpleQueue[str] = queue.SimpleQueue()
    worker._others = {
        name: SimpleNamespace(submit=lambda *_, name=name: taken.put(name) or Future())
        for name in ("about.sock", "loads.sock")
    }
    worker.method_queue = SimpleNamespace(defer=lambda *_: None)
    for name in ("about.sock", "loads.sock"):
        conn.server = f"/run/x/{name}"
        worker.enqueue_req(conn)
    assert [taken.get_nowait(), taken.get_nowait()] == ["about.sock", "loads.sock"]
