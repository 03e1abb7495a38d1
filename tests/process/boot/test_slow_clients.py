"""Clients that send or read slowly, abort, or say nothing, at the real nginx: the others are served."""

import contextlib
import json
import select
import socket
import struct
import sys

import psutil
import pytest

from neuronserve.boot import front
from tests.process.boot.conftest import STANDIN
from tests.process.boot.test_front import _is_our_json

LENGTH = b"Content-Length: %d\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Clients:
    """Connections to a service, closed with the test."""

    def __init__(self, service, stack):
        self.service = service
        self._stack = stack

    def begin(self, headers, path=b"/invocations", start=b"", source="127.0.0.1"):
        """One that sent its headers, and ``start`` of its body."""
        address = ("127.0.0.1", self.service.port)
        made = socket.create_connection(address, timeout=30, source_address=(source, 0))
        self._stack.callback(made.close)
        made.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n" + start)
        return made

    def drip(self, connection, piece=b"x", every=0.1):
        """Send a piece now and then, until an answer comes; all of it."""
        while not select.select([connection], [], [], every)[0]:
            connection.sendall(piece)
        with contextlib.suppress(ConnectionResetError):
            return b"".join(iter(lambda: connection.recv(65_536), b""))
        return b""

    def held(self):
        """How many of nginx's descriptors are connections of clients."""
        found = []
        for worker in self.service.children("nginx: worker"):
            with contextlib.suppress(psutil.NoSuchProcess):
                found += worker.net_connections("tcp")
        return sum(c.laddr.port == self.service.port and c.status != psutil.CONN_LISTEN for c in found)


@pytest.fixture
def clients(start):
    """``clients(SETTING=value)``: a service that is ready, and connections to it."""
    with contextlib.ExitStack() as stack:

        def make(**settings):
            service = start(**settings)
            service.wait_ready()
            return Clients(service, stack)

        yield make


def test_unfinished_bodies_take_no_places(clients):
    made = clients(SERVE_MAX_IN_FLIGHT=2)
    for headers in (LENGTH % 9, LENGTH % 10_000_000, CHUNKED):
        for _ in range(3):
            made.begin(headers, start=b"1\r\nx")
    made.service.wait_for("all to be there", lambda: made.held() == 9)
    for size in (1, 200_000):
        assert made.service.post("/invocations", b"x" * size).status == 200


STOPPING = [
    (b"/invocations", LENGTH % 10, b"five!"),
    (b"/invocations", LENGTH % 10, b""),
    (b"/invocations", LENGTH % 10_000_000, b"x" * 100_000),
    (b"/invocations", CHUNKED, b"5\r\nfive!\r\n"),
    (b"/invocations", CHUNKED, b""),
    (b"/invocations", LENGTH % 10 + b"Expect: 100-continue\r\n", b""),
    (b"/nowhere", LENGTH % 10, b"five!"),
    (b"/models", CHUNKED, b"5\r\nfive!\r\n"),
    (b"/metrics", LENGTH % 10, b""),
]


def test_a_body_that_stops_coming_is_answered_408_and_logged(clients):
    made = clients(SERVE_BODY_READ_SECONDS=1)
    ids = set()
    for connection in [made.begin(headers, path, body) for path, headers, body in STOPPING]:
        raw = b"".join(iter(lambda: connection.recv(65_536), b""))  # noqa: B023  called at once
        told, answered = _is_our_json(raw.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"), 408, "slow_client")
        assert "nothing of it for 1 s" in told["error"]
        assert answered["connection"] == "close"
        ids.add(told["request_id"])

    def logged():
        return {r["request_id"] for r in made.service.requests() if r.get("status") == 408}

    made.service.wait_for("them all in the request log", lambda: ids <= logged())


@pytest.mark.parametrize(("headers", "piece"), [(LENGTH % 9000, b"x"), (CHUNKED, b"1\r\nx\r\n")])
def test_a_body_that_comes_on_and_on_is_answered_408_after_its_time(clients, headers, piece):
    made = clients(SERVE_BODY_SECONDS=2)
    told, _ = _is_our_json(made.drip(made.begin(headers), piece), 408, "slow_client")
    assert "within 2 s" in told["error"]
    made.service.wait_for("its descriptor to be gone", lambda: made.held() == 0, seconds=40)


def test_a_body_that_comes_slowly_and_in_time_is_answered(clients):
    made = clients(SERVE_BODY_READ_SECONDS=2)
    connection = made.begin(LENGTH % 25)
    for _ in range(25):
        assert not select.select([connection], [], [], 0.1)[0]
        connection.sendall(b"x")
    assert b"25 bytes" in connection.recv(65_536)


def test_a_large_body_may_take_longer_while_it_comes_at_a_pace(clients):
    made = clients(SERVE_BODY_SECONDS=1)
    pieces, piece = 30, b"x" * 65_536
    connection = made.begin(LENGTH % (pieces * len(piece)))
    for _ in range(pieces):
        assert not select.select([connection], [], [], 0.1)[0]
        connection.sendall(piece)
    assert b"1966080 bytes" in connection.recv(65_536)


def test_one_address_cannot_keep_the_others_out(clients):
    made = clients(SERVE_MAX_REQUESTS_PER_ADDRESS=3)
    for _ in range(3):
        made.begin(LENGTH % 9)
    made.service.wait_for("all to be there", lambda: made.held() == 3)
    refused = made.service.post("/invocations", b"x")
    assert (refused.status, refused.json()["code"]) == (503, "overloaded")
    assert "from this address" in refused.json()["error"]
    assert refused.headers["retry-after"] == "1"
    assert made.service.get("/ping").status == 200
    other = made.begin(LENGTH % 1, start=b"x", source="127.0.0.2")
    assert other.recv(65_536).startswith(b"HTTP/1.1 200")


def test_large_bodies_that_do_not_end_keep_small_ones_out_of_nothing(clients):
    made = clients(SERVE_MAX_UPLOADS=2, SERVE_MAX_REQUESTS_PER_ADDRESS=0)
    for headers in (LENGTH % 100_000, CHUNKED):
        made.begin(headers)
    made.service.wait_for("all to be there", lambda: made.held() == 2)
    assert made.service.post("/invocations", b"x" * 99_999).status == 200
    refused = made.service.post("/invocations", b"x" * 100_000)
    assert (refused.status, refused.json()["code"]) == (503, "overloaded")


def test_an_answer_that_is_not_read_takes_no_place(clients):
    made = clients(SERVE_MAX_IN_FLIGHT=1)
    made.begin(LENGTH % 0, b"/invocations?size=6000000")
    made.service.wait_for("its answer", made.service.requests)
    made.service.wait_for(
        "the place to be free", lambda: made.service.post("/invocations", b"x").status == 200
    )


def test_requests_after_each_other_on_one_connection_are_all_answered(clients):
    made = clients(SERVE_MAX_IN_FLIGHT=1)
    connection = made.begin(
        LENGTH % 1, start=b"x" + (b"POST /invocations HTTP/1.1\r\nHost: x\r\n" + LENGTH % 1 + b"\r\nx") * 9
    )
    raw = b""
    while raw.count(b"1 bytes") < 10:
        piece = connection.recv(65_536)
        assert piece, raw
        raw += piece
    assert raw.count(b"HTTP/1.1 200") == 10


def test_more_idle_connections_than_nginx_has_room_for_keep_nobody_out(clients):
    program = ("prlimit", "--nofile=900:900", sys.executable, str(STANDIN / "serve.py"))
    made = clients(program=program)
    with contextlib.ExitStack() as idle:
        for _ in range(1300):  # its workers have 300 each, and are at most four
            idle.enter_context(socket.create_connection(("127.0.0.1", made.service.port), timeout=30))
        for path in ("/ping", "/invocations"):
            reply = made.service.get(path) if path == "/ping" else made.service.post(path, b"x")
            assert reply.status == 200


REFUSED = [
    (b"/invocations", LENGTH % (200 << 20)),  # 413
    (b"/nowhere", LENGTH % 70_000),  # 413
    (b"/ping", LENGTH % 70_000),  # 405
    (b"/ping", CHUNKED),  # 405
    (b"/invocations", LENGTH % 9 + LENGTH % 8),  # 400
    (b"/" + b"x" * 8100, LENGTH % 9),  # 414
]


def test_the_descriptor_of_a_refused_upload_is_soon_gone_whatever_the_client_does(clients):
    made = clients()
    for path, headers in REFUSED:
        closed, half, reset, _kept = (made.begin(headers, path, b"5000\r\n" + b"x" * 5000) for _ in range(4))
        for connection in (closed, half, reset):
            assert connection.recv(5).startswith(b"HTTP/")
        closed.close()
        half.shutdown(socket.SHUT_WR)
        reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reset.close()
    made.service.wait_for("their descriptors to be gone", lambda: made.held() == 0, seconds=30)


def test_a_refused_upload_that_comes_on_and_on_is_cut_off(clients):
    made = clients()
    connection = made.begin(LENGTH % (200 << 20), start=b"x")

    def gone():
        with contextlib.suppress(OSError):
            connection.sendall(b"x")
        return made.held() == 0

    made.service.wait_for("its descriptor to be gone", gone, seconds=60)


def test_the_places_of_a_worker_of_nginx_that_was_killed_come_back(clients):
    made = clients(SERVE_MAX_IN_FLIGHT=2, SERVE_MAX_REQUESTS_PER_ADDRESS=4)
    for _ in range(2):
        for _ in range(2):
            made.begin(LENGTH % 1, b"/invocations?sleep=2", b"x")
        made.service.wait_for("both to be there", lambda: made.held() >= 2)
        for worker in made.service.children("nginx: worker"):
            worker.kill()
        made.service.wait_for("no more of them", lambda: front.connections(made.service.runtime) is not None)

    def served():
        with contextlib.suppress(OSError):
            return made.service.post("/invocations", b"x").status == 200
        return False

    made.service.wait_for("places", served)


ODD_PATHS = [
    *(
        b"/caf\xe9",
        b"/\xff\xfe",
        b"/\x7f",
        b"/\xc2\x85",
        b"/\xed\xa0\x80",
        b"/\xe2\x80\xa8",
        b"/\xf5\x80\x80\x80",
    ),
    *(b'/"\\', b"/\\u0000", b"/%00%ff%0a", b"/?\xff", b"/\xc3", "/größe/😀".encode()),
    *("/😀".encode() * 1000, b'/"' * 2000),
]
HEADERS = (b"X-Amzn-SageMaker-Inference-Id", b"X-Amzn-Trace-Id", b"traceparent", b"Content-Type", b"Host")


def test_every_line_of_the_request_log_is_json_whatever_was_asked_for(clients):
    made = clients(SERVE_MAX_BODY_MB=1)
    too_large = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
    requests = [too_large % path for path in ODD_PATHS]
    requests += [too_large % b"/" + name + b': \xff"\\\x01\r\n' for name in HEADERS]
    requests += [b'\xff"\\ / HTTP/1.1\r\nHost: x\r\n', b'GE"T / HTTP/1.1\r\nHost: x\r\n', b"GET /\r\n"]
    for request in requests:
        with contextlib.suppress(pytest.fail.Exception):  # some are not answered
            made.service.send_raw(request + b"Connection: close\r\n\r\n")
    made.service.post("/invocations", b"last")
    made.service.wait_for("the last line", lambda: b'"standin"' in made.service.output())
    lines = made.service.output().decode().splitlines()
    assert len(lines) > len(ODD_PATHS)
    assert all(json.loads(line)["type"] == "request" for line in lines)
    assert max(map(len, lines)) < select.PIPE_BUF
    assert any("größe/😀" in line for line in lines)
