from __future__ import annotations

import io
import queue
import socket
import threading
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from gunicorn.http import wsgi

from neuronserve.gateway import sticky
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


class _Sent:
    """A socket that keeps each write."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.writes.append(bytes(data))


def _response(headers: list[tuple[str, str]]) -> tuple[sticky.OneWriteResponse, _Sent]:
    sock = _Sent()
    request = SimpleNamespace(method="POST", version=(1, 1), should_close=lambda: False)
    response = sticky.OneWriteResponse(request, sock, SimpleNamespace(protocol="http"))
    response.start_response("200 OK", headers)
    return response, sock


def test_gunicorn_makes_the_response_whose_head_and_body_are_one_write() -> None:
    assert wsgi.Response is sticky.OneWriteResponse


@pytest.mark.parametrize("body", [b"{}", b"x" * 65_536])
def test_a_small_answer_is_one_write_so_that_a_kill_never_cuts_it_in_two(body: bytes) -> None:
    response, sock = _response([("Content-Length", str(len(body)))])
    response.write(body)
    response.close()
    (whole,) = sock.writes
    head, _, rest = whole.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert rest == body


def test_a_large_answer_is_not_copied() -> None:
    body = b"x" * 65_537
    response, sock = _response([("Content-Length", str(len(body)))])
    response.write(body)
    assert [sock.writes[0][-4:], sock.writes[1]] == [b"\r\n\r\n", body]


def test_the_first_piece_of_a_stream_goes_with_its_head_and_the_others_follow() -> None:
    response, sock = _response([])
    for piece in (b"first", b"second"):
        response.write(piece)
    response.close()
    assert sock.writes[0].endswith(b"\r\n\r\n5\r\nfirst\r\n")
    assert sock.writes[1:] == [b"6\r\nsecond\r\n", b"0\r\n\r\n"]
