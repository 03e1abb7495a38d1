"""Real nginx, as ``serve`` starts it: what it answers by itself is JSON, and says who was meant."""

import contextlib
import http.client
import json
import re
import signal
import socket
import threading

import pytest

TRACE = "0af7651916cd43dd8448eb211c80319c"


def _split(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    headers = dict(line.decode().lower().split(": ", 1) for line in head.split(b"\r\n")[1:])
    return status, headers, body


def _is_our_json(raw, status, code):
    got, headers, body = _split(raw)
    assert got == status
    assert headers["content-type"] == "application/json"
    told = json.loads(body)
    assert set(told) == {"error", "code", "request_id"}
    assert told["code"] == code
    assert told["request_id"] == headers["x-request-id"]
    assert ("retry-after" in headers) == (status == 503)
    return told, headers


def test_ping_is_an_empty_200(service):
    for method in ("GET", "HEAD"):
        reply = service.request(method, "/ping")
        assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (
            b"POST /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            405,
            "method_not_allowed",
        ),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405, "method_not_allowed"),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "bad_request"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\nConnection: close\r\n\r\n",
            400,
            "bad_request",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rot13\r\nConnection: close\r\n\r\n",
            501,
            "not_implemented",
        ),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 414, "uri_too_long"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBig: " + b"x" * 40_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505, "http_version"),
        (b"what is this\r\n\r\n", 400, "bad_request"),
        (b"GET /.error HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, "no_such_route"),
        (b"GET /.refused/500 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, "no_such_route"),
        (
            b'GET /ping HTTP/1.1\r\nHost: x\r\nIf-Match: "a"\r\nConnection: close\r\n\r\n',
            412,
            "precondition_failed",
        ),
        (
            b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            414,
            "uri_too_long",
        ),
    ],
)
def test_what_is_no_good_request_is_refused_in_json(service, request_bytes, status, code):
    _is_our_json(service.send_raw(request_bytes), status, code)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        (b"Content-Type: text/csv\r\nContent-Type: application/json\r\n", 400, "bad_request"),
        (b"X-Amzn-SageMaker-Custom-Attributes: a\x01b\r\n", 400, "bad_request"),
        (b"".join(b"H-%d: 1\r\n" % i for i in range(1200)), 431, "headers_too_large"),
    ],
)
def test_headers_that_gunicorn_refuses_are_refused_in_json_and_logged(service, headers, status, code):
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n"
    told, _ = _is_our_json(service.send_raw(head + headers + b"\r\n"), status, code)
    line = service.wait_for(
        "a line in the request log", lambda: [r for r in service.requests() if r.get("by")]
    )[0]
    assert (line["status"], line["request_id"]) == (status, told["request_id"])


def test_headers_that_nginx_lets_pass_are_not_too_many_or_too_long_for_gunicorn(service):
    many = {f"H-{i}": "1" for i in range(300)}
    assert service.post("/invocations", b"x", {**many, "Long": "x" * 30_000}).status == 200


def test_an_answer_that_gunicorn_cannot_send_is_a_json_500_and_the_log_has_the_reason(service):
    head = b"POST /invocations?raise HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    _is_our_json(service.send_raw(head), 500, "internal")
    service.wait_logged("asked to raise")


def test_405_for_ping_names_the_methods(service):
    assert service.post("/ping").headers["allow"] == "GET, HEAD"


def test_a_body_over_the_limit_is_413_with_the_limit_before_it_was_sent(start):
    service = start(SERVE_MAX_BODY_MB=1)
    service.wait_ready()
    raw = service.send_raw(
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\nConnection: close\r\n\r\n"
    )
    told, _ = _is_our_json(raw, 413, "body_too_large")
    assert "1 MiB" in told["error"]
    line = service.wait_for(
        "a line in the request log", lambda: [r for r in service.requests() if r.get("by")]
    )[0]
    assert (line["status"], line["by"], line["request_id"]) == (413, "front", told["request_id"])


def test_a_chunked_body_over_the_limit_is_413(start):
    service = start(SERVE_MAX_BODY_MB=1)
    service.wait_ready()
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    raw = service.send_raw(head + b"200000\r\n" + b"x" * 0x200000 + b"\r\n0\r\n\r\n")
    _is_our_json(raw, 413, "body_too_large")


def test_no_limit_takes_any_body(start):
    service = start(SERVE_MAX_BODY_MB=0)
    service.wait_ready()
    assert service.post("/invocations", b"x" * (9 << 20)).body.startswith(b"9437184 bytes")


def test_one_request_more_than_the_limit_is_503_overloaded(start):
    service = start(SERVE_MAX_IN_FLIGHT=1)
    service.wait_ready()
    first = threading.Thread(target=service.post, args=("/invocations?sleep=4",))
    first.start()
    service.wait_for("the first one to arrive", service.requests)
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    _is_our_json(service.send_raw(head), 503, "overloaded")
    assert service.get("/ping").status == 200
    first.join()


def test_an_answer_that_does_not_come_in_time_is_504(start):
    service = start(SERVE_DEADLINE_SECONDS="0.1", SAGEMAKER_NGINX_PROXY_READ_TIMEOUT_SECONDS=1)
    service.wait_ready()
    head = b"POST /invocations?sleep=7 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    _is_our_json(service.send_raw(head), 504, "deadline_exceeded")


def test_a_gateway_worker_that_dies_is_503_and_the_request_is_not_sent_twice(service):
    head = b"POST /invocations?die HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    _is_our_json(service.send_raw(head), 503, "not_ready")
    service.wait_for("the next worker", lambda: service.post("/invocations?size=3").status == 200)
    assert sum(r.get("by") == "front" for r in service.requests()) >= 1


def test_the_gateways_own_errors_pass(service):
    reply = service.post("/invocations?status=503&size=4")
    assert (reply.status, reply.body) == (503, b"xxxx")
    assert "by" not in service.requests()[-1]


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"X-Amzn-SageMaker-Inference-Id": "order-7/a", "X-Amzn-Trace-Id": "Root=1-2-3"}, "order-7/a"),
        ({"X-Amzn-Trace-Id": "Self=1-9;Root=1-5759e988-bd862e3fe1;Sampled=1"}, "1-5759e988-bd862e3fe1"),
        ({"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, TRACE),
        ({"traceparent": "00-" + "0" * 32 + "-b7ad6b7169203331-01"}, None),
        ({"X-Amzn-SageMaker-Inference-Id": 'evil"}{'}, None),
        ({"X-Amzn-SageMaker-Inference-Id": "x" * 65}, None),
        ({"X-Request-Id": "not-ours"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_request_id_is_the_platforms_or_the_traces_or_our_own(service, headers, wanted):
    reply = service.post("/invocations", b"", headers)
    seen = re.search(r"X_REQUEST_ID=([^,]*)", reply.body.decode())[1]
    assert reply.headers["x-request-id"] == seen
    assert seen == wanted if wanted else re.fullmatch("[0-9a-f]{32}", seen)


def test_the_gateway_learns_when_the_request_came(service):
    body = service.post("/invocations", b"x", {"X-Request-Msec": "1", "X-Request-Elapsed": "9"}).body.decode()
    assert re.search(r"X_REQUEST_MSEC=\d{10}\.\d{3},X_REQUEST_ELAPSED=0\.\d{3}", body)


def test_http_1_0_clients_and_expectations_are_served(service):
    assert _split(service.send_raw(b"GET /x HTTP/1.0\r\n\r\n"))[0] == 200
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
    head += b"Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"ok")
        rest = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b"2 bytes" in rest
    assert b"EXPECT" not in rest


def test_chunked_bodies_reach_the_gateway_whole(service):
    reply = service.request("POST", "/invocations", iter([b"abc", b"defg"]))
    assert reply.body.startswith(b"7 bytes")


def test_answers_are_compressed_when_the_client_asks(service):
    plain = service.post("/invocations?size=5000")
    packed = service.post("/invocations?size=5000", b"", {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert len(packed.body) < len(plain.body) == 5000


def test_pings_and_metrics_are_not_in_the_request_log(service):
    service.get("/ping")
    service.get("/metrics")
    service.post("/invocations")
    service.wait_for("the one line", lambda: len(service.requests()) == 1)


def test_the_port_being_taken_is_said_at_once_with_exit_code_32(start):
    with socket.create_server(("0.0.0.0", 0)) as taken:
        service = start(SAGEMAKER_BIND_TO_PORT=taken.getsockname()[1])
        assert service.wait_exit() == 32
    assert "address already in use" in service.log()[-1]["error"]
    assert "SAGEMAKER_BIND_TO_PORT" in service.log()[-1]["hint"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_what_a_dead_worker_of_nginx_had_in_flight_takes_no_place(start, number):
    service = start(SERVE_MAX_IN_FLIGHT=1)
    service.wait_ready()
    lost = threading.Thread(target=_lost, args=(service, "/invocations?sleep=2"))
    lost.start()
    service.wait_for("its arrival", service.requests)
    workers = set(service.part("nginx.conf").children())
    for worker in workers:
        worker.send_signal(number)
    service.wait_for("their ends", lambda: not workers & set(service.part("nginx.conf").children()))
    service.wait_ready()
    lost.join()
    service.wait_for("a place", lambda: service.post("/invocations").status == 200)
    assert service.stop() == 0  # nobody is taken for connected who is not


def _lost(service, path):
    with contextlib.suppress(OSError, http.client.HTTPException):
        service.post(path)
