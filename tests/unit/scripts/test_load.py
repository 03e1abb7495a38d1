"""The benchmark's load generator, against a small HTTP server."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from benchmark import load


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers with the body it got; ``refuse`` with 503, ``bare`` too but says not when; ``hang up`` not."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"hang up":
            self.close_connection = True
            return
        self.send_response(503 if body in (b"refuse", b"bare") else 200)
        if body == b"refuse":
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


PLAN = [0.0, 0.001, 0.002, 0.003]


@pytest.mark.parametrize(
    ("body", "expected", "kind"),
    [
        (b"{}", b"{}", "right"),
        (b"{}", None, "right"),
        (b"{}", b"[]", "wrong"),
        (b"refuse", None, "503"),
        (b"bare", None, "503 without Retry-After"),
        (b"hang up", None, "broken"),
    ],
)
def test_each_answer_is_counted_as_what_it_is(port, body, expected, kind):
    found = load.planned([load.Request(port, body, expected)], PLAN)
    assert dict(found.counts) == {kind: len(PLAN)}
    assert len(found.latencies) == (len(PLAN) if kind == "right" else 0)
    assert found.errors == ({} if kind == "right" else {kind: len(PLAN)})


def test_requests_take_turns_and_those_of_the_lead_do_not_count(port):
    requests = [load.Request(port, b"a", b"a"), load.Request(port, b"b", b"wrong")]
    found = load.planned(requests, PLAN, lead=0.002)
    assert dict(found.counts) == {"right": 1, "wrong": 1}


def test_a_closed_loop_asks_again_when_it_is_answered(port):
    requests = [load.Request(port, body, body) for body in (b"a", b"b", b"c")]
    found = load.closed(requests, 3, 0.3, lead=0.0)
    assert set(found.counts) == {"right"}
    assert found.counts["right"] == len(found.latencies) > 3
    assert found.rate == pytest.approx(found.counts["right"] / 0.3)
