"""What HTTP allows a client to send to /invocations, on the wire through real nginx and gunicorn.

RFC 9110 says what is right; AWS's own container what is usual: no Content-Type is JSON.
"""

from __future__ import annotations

import gzip
import re
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.process.gateway.conftest import JSON, ROWS

DOUBLED = {"predictions": [[2.0, 4.0]]}
PACKED = gzip.compress(ROWS, mtime=0)


def post(front, body: bytes = ROWS, **headers: str):
    return front.ask(
        "POST", "/invocations", body, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "PROPFIND"])
def test_another_method_is_a_405_that_allows_post(front, method: str) -> None:
    reply = front.ask(method, "/invocations")
    assert reply.status == 405
    assert "POST" in reply.headers["allow"]
    assert reply.headers["content-type"] == "application/json"
    assert (reply.body == b"") == (method == "HEAD")


@pytest.mark.parametrize("path", ["/invocations", "/", "/metrics", "/execution-parameters"])
def test_options_names_the_methods(front, path: str) -> None:
    reply = front.ask("OPTIONS", path)
    assert (reply.status, reply.body, "html" in reply.headers["content-type"]) == (200, b"", False)
    assert {"POST" if path == "/invocations" else "GET", "OPTIONS"} <= set(reply.headers["allow"].split(", "))


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "Application/JSON; Charset=UTF-8",
        "application/json;",
        'application/json;charset="utf-8";x=y',
        "application/jsonlines",
    ],
)
def test_json_by_any_of_its_names_and_without_one_is_taken(front, content_type: str | None) -> None:
    reply = post(front, **({} if content_type is None else {"Content_Type": content_type}))
    assert (reply.status, reply.json()) == (200, DOUBLED)


@pytest.mark.parametrize(
    "content_type", ["text/csv", "TEXT/CSV; header=absent", "text/csv;label_size=0;charset=utf-8"]
)
def test_csv_by_any_of_its_names_is_taken(front, content_type: str) -> None:
    assert post(front, b"1,2\n", Content_Type=content_type).json() == DOUBLED


@pytest.mark.parametrize(
    "content_type",
    [
        "unsupported-type",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/vnd.api+json",
        "application/json, text/csv",
        "application/json; charset=utf-16",
        ";",
    ],
)
def test_another_content_type_is_a_415_that_names_what_is_taken(front, content_type: str) -> None:
    reply = post(front, Content_Type=content_type)
    assert (reply.status, reply.json()["code"]) == (415, "unsupported_media_type")
    assert "application/json" in reply.json()["error"] or "UTF-8" in reply.json()["error"]


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_a_gzipped_body_is_taken(front, encoding: str) -> None:
    assert post(front, PACKED, Content_Encoding=encoding, **JSON).json() == DOUBLED


@pytest.mark.parametrize("encoding", ["identity", ""])
def test_a_plain_body_may_say_so(front, encoding: str) -> None:
    assert post(front, Content_Encoding=encoding, **JSON).json() == DOUBLED


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (zlib.compress(ROWS), "deflate", 415),
        (ROWS, "br", 415),
        (gzip.compress(PACKED, mtime=0), "gzip, gzip", 415),
        (ROWS, "gzip", 400),
        (PACKED[:-9], "gzip", 400),
        (b"", "gzip", 400),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_refused(front, body: bytes, encoding: str, status: int) -> None:
    reply = post(front, body, Content_Encoding=encoding, **JSON)
    assert (reply.status, set(reply.json())) == (status, {"error", "code", "request_id"})


def test_an_empty_body_is_a_400_that_shows_one(front) -> None:
    reply = post(front, b"", **JSON)
    assert (reply.status, "instances" in reply.json()["error"]) == (400, True)


LENGTH = b"Content-Length: %d\r\n" % len(ROWS)
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(ROWS), ROWS)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"POST /invocations HTTP/1.0\r\n" + LENGTH, ROWS),
        (b"POST /invocations HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n" + LENGTH, ROWS),
        (b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
        (b"POST /invocations HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n" + LENGTH.lower(), ROWS),
        (b"POST http://example.com/invocations HTTP/1.1\r\nHost: x\r\n" + LENGTH, ROWS),
    ],
)
def test_a_request_may_come_in_any_of_http_1s_ways(front, head: bytes, body: bytes) -> None:
    reply = front.ask_raw(head + b"Connection: close\r\n\r\n" + body)
    assert (reply.status, reply.json()) == (200, DOUBLED)


values = st.binary(max_size=40).map(lambda value: re.sub(rb"[\x00\r\n]", b"", value)) | st.sampled_from(
    [
        b"text/csv;q=",
        b";;;",
        b'a/b;c="',
        b"*/*;q=1e999",
        b"tfs-model-name=",
        b"tfs-model-version=9999999999999999999999",
        b"tfs-method=\xff",
        b"tfs-signature-name=a,tfs-signature-name=b",
        b"gzip;q=0",
        b"=?utf-8?q?a?=",
        b"application/json; charset*=utf-8''x",
        b"x" * 3000,
    ]
)
headers = st.sampled_from(
    [
        b"Content-Type",
        b"Accept",
        b"Content-Encoding",
        b"X-Amzn-SageMaker-Custom-Attributes",
        b"X-Amzn-SageMaker-Inference-Id",
        b"X-Amzn-SageMaker-Target-Model",
        b"Accept-Encoding",
        b"Transfer-Encoding",
        b"Content-Length",
        b"Expect",
        b"Host",
        b"Range",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(headers, values), max_size=4))
def test_no_header_breaks_a_request(front, sent) -> None:
    lines = b"".join(b"%s: %s\r\n" % pair for pair in sent)
    whole = (
        b"POST /invocations HTTP/1.1\r\nHost: x\r\n" + LENGTH + lines + b"Connection: close\r\n\r\n" + ROWS
    )
    reply = front.ask_raw(whole)
    assert reply.status < 500 or (reply.status == 501 and b"Transfer-Encoding" in lines)
    if reply.status >= 400:
        assert reply.headers["content-type"] == "application/json"
        assert set(reply.json()) == {"error", "code", "request_id"}
    assert not re.search("Traceback|unexpected fault", front.log())
