"""The table of TensorFlow Serving's REST API (tests/tfserving/rest_cases.py), and HTTP below it."""

import contextlib
import gzip
import http.client
import json
import socket
import urllib.parse
import zlib

import pytest

from tests.cpuservers import running, wait_for
from tests.tfserving.rest_cases import CASES, RESERVED, RestCase
from tests.tfserving.signatures import write_models

PREDICT = "/v1/models/half_plus_two:predict"
NAMES, LABELS = ("half_plus_two", RESERVED), ("good_label", RESERVED)
ROWS, ANSWER = b'{"instances": [1.0, 2.0]}', {"predictions": [2.5, 3.0]}
PACKED = gzip.compress(ROWS, mtime=0)  # the same bytes at all times: tests are named by them


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rest")
    write_models(folder)
    labels = "".join(f"version_labels {{ key: '{_quoted(label)}' value: 123 }} " for label in LABELS)
    entries = (
        f"config {{ name: '{_quoted(name)}' base_path: '{folder}/half_plus_two' model_platform: 'tensorflow' "
        f"{labels} }}"
        for name in NAMES
    )
    config = folder / "models.config"
    config.write_text(f"model_config_list {{ {' '.join(entries)} }}")
    with running(folder, f"--model_config_file={config}", rest=True) as server:
        for name in NAMES:
            server.wait_until(name, {123: "AVAILABLE"})
        address = urllib.parse.urlsplit(server.rest).netloc
        for name in NAMES:
            path = f"/v1/models/{_percent(name)}/labels/{_percent(RESERVED)}"
            wait_for(lambda path=path: ask(address, "GET", path)[0] == 200, f"a label at {path}")
        yield address


def _percent(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _quoted(text: str) -> str:
    return text.replace("'", r"\'")


@contextlib.contextmanager
def connected(address: str, host: str = ""):
    port = urllib.parse.urlsplit(f"//{address}").port
    connection = http.client.HTTPConnection(host or "127.0.0.1", port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def ask(address: str, method: str, path: str, body=None, headers=()) -> tuple[int, str | None, bytes]:
    with connected(address) as connection:
        return exchange(connection, method, path, body, headers)


def exchange(connection, method: str, path: str, body=None, headers=()) -> tuple[int, str | None, bytes]:
    connection.putrequest(method, path, skip_accept_encoding=True)
    content = body.encode() if isinstance(body, str) else body or b""
    if body is not None:
        connection.putheader("Content-Length", str(len(content)))
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders(content)
    response = connection.getresponse()
    return response.status, response.getheader("Content-Type"), response.read()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_request_is_answered_as_tensorflow_serving_answers_it(address, case: RestCase):
    status, content_type, body = ask(address, case.method, case.path, case.body, case.headers)
    assert (status, content_type) == (case.status, case.content_type), f"{case.source}: {body}"
    if case.content_type == "application/json" and case.method != "HEAD":
        document = json.loads(body)
        assert case.text in (document["error"] if status != 200 else body.decode()), case.source
    else:
        assert case.text in body.decode(), case.source


def test_a_gzipped_body_is_uncompressed(address):
    assert predicted(address, PACKED, "gzip") == (200, ANSWER)
    assert predicted(address, PACKED, "x-gzip") == (200, ANSWER)  # it looks for the letters
    large = b'{"instances": [1.0, 2.0], "rest": "%s"}' % (b"x" * 3_000_000)
    assert predicted(address, gzip.compress(large), "gzip") == (200, ANSWER)


@pytest.mark.parametrize(("body", "encoding"), [
    (ROWS, "gzip"), (PACKED[:-4], "gzip"), (PACKED[:20], "gzip"), (b"", "gzip"),
    (zlib.compress(ROWS), "gzip"), (PACKED + b"more", "gzip"),
])  # fmt: skip
def test_a_body_that_says_gzip_and_is_none_counts_as_empty(address, body, encoding):
    status, answer = predicted(address, body, encoding)
    assert status == 400
    assert "The document is empty" in answer["error"]


@pytest.mark.parametrize("encoding", ["deflate", "br", "GZIP", ""])
def test_a_body_of_another_encoding_is_taken_as_it_is(address, encoding):
    assert predicted(address, ROWS, encoding) == (200, ANSWER)
    status, answer = predicted(address, PACKED, encoding)
    assert status == 400
    assert "JSON Parse error: Invalid value." in answer["error"]


def test_a_gzipped_body_of_more_than_a_hundred_megabytes_is_refused(address):
    body = gzip.compress(b'{"instances": [1.0], "rest": "%s"}' % (b"x" * (100 * 1024 * 1024)), 1)
    status, answer = predicted(address, body, "gzip")
    assert status == 400
    assert "The document is empty" in answer["error"]


def test_answers_are_never_compressed(address):
    with connected(address) as connection:
        connection.request("POST", PREDICT, ROWS, {"Accept-Encoding": "gzip"})
        response = connection.getresponse()
        assert response.getheader("Content-Encoding") is None
        assert json.loads(response.read()) == ANSWER


def predicted(address: str, body: bytes, encoding: str) -> tuple[int, dict]:
    headers = [("Content-Encoding", encoding)] if encoding else []
    status, _, answer = ask(address, "POST", PREDICT, body, headers)
    return status, json.loads(answer)


def test_a_large_body_is_taken(address):
    rows = 200_000
    status, _, answer = ask(address, "POST", PREDICT, json.dumps({"instances": [1.5] * rows}))
    assert status == 200
    assert json.loads(answer)["predictions"] == [2.75] * rows


def test_a_chunked_body_is_taken(address):
    with connected(address) as connection:
        connection.request("POST", PREDICT, iter([ROWS[:9], ROWS[9:]]), encode_chunked=True)
        assert json.loads(connection.getresponse().read()) == ANSWER


def test_a_connection_takes_one_request_after_the_other_and_errors_too(address):
    with connected(address) as connection:
        before = None
        for path, status in ((PREDICT, 200), ("/v1/models/foo:predict", 404), (PREDICT, 200)):
            assert exchange(connection, "POST", path, ROWS)[0] == status
            assert before in (None, connection.sock)
            before = connection.sock


def test_a_request_for_an_absolute_address_is_for_its_path(address):
    status, _, answer = ask(address, "POST", f"http://example.org{PREDICT}", ROWS)
    assert (status, json.loads(answer)) == (200, ANSWER)


@pytest.mark.skipif(not socket.has_ipv6, reason="Python without IPv6")
def test_it_listens_on_ipv6_too(address):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with connected(address, "::1") as connection:
        status, _, answer = exchange(connection, "POST", PREDICT, ROWS)
    assert (status, json.loads(answer)) == (200, ANSWER)


def test_a_line_that_is_no_http_is_a_400(address):
    port = urllib.parse.urlsplit(f"//{address}").port
    with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.0 400 ")


@pytest.fixture(scope="module")
def monitored(tmp_path_factory):
    """A server that browsers may ask, and that has a page for Prometheus."""
    folder = tmp_path_factory.mktemp("monitored")
    write_models(folder)
    monitoring = folder / "monitoring.config"
    monitoring.write_text('prometheus_config { enable: true path: "/monitoring/metrics" }')
    flags = ["--model_name=half_plus_two", f"--model_base_path={folder}/half_plus_two"]
    flags += ["--rest_api_enable_cors_support=true", f"--monitoring_config_file={monitoring}"]
    with running(folder, *flags, rest=True) as server:
        server.wait_until("half_plus_two", {123: "AVAILABLE"})
        yield urllib.parse.urlsplit(server.rest).netloc


@pytest.mark.parametrize(("method", "path", "status"), [
    ("POST", PREDICT, 200), ("POST", "/v1/models/foo:predict", 404), ("GET", "/v1/foo", 400),
    ("OPTIONS", PREDICT, 200),
])  # fmt: skip
def test_answers_of_the_api_allow_other_origins_when_a_flag_says_so(monitored, method, path, status):
    with connected(monitored) as connection:
        connection.request(method, path, ROWS, {"Origin": "https://example.org"})
        response = connection.getresponse()
        response.read()
    assert response.status == status
    assert response.getheader("Access-Control-Allow-Origin") == "*"
    assert response.getheader("Access-Control-Allow-Methods") == "POST, GET"
    assert response.getheader("Access-Control-Allow-Headers") == "Content-Type"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_metrics_have_a_page_of_plain_text(monitored, method):
    """ProcessPrometheusRequest in http_server.cc: no method is asked for, and no query allowed."""
    ask(monitored, "POST", PREDICT, ROWS)
    status, content_type, body = ask(monitored, method, "/monitoring/metrics")
    assert (status, content_type) == (200, "text/plain")
    assert b":tensorflow:serving:request_count" in body
    status, content_type, body = ask(monitored, method, "/monitoring/metrics?name=x")
    assert (status, content_type) == (400, "text/plain")
    assert body == b"Unexpected path: /monitoring/metrics?name=x. Should be /monitoring/metrics"


def test_metrics_lie_nowhere_else(monitored):
    assert ask(monitored, "GET", "/monitoring/prometheus/metrics")[0] == 404
    assert ask(monitored, "GET", "/monitoring/metrics/")[0] == 404
