"""Any path at all, as bytes on the wire, through real nginx and gunicorn: it has one reading for both.

The reading is RFC 3986's: percent-decoded once, dot segments removed, and empty segments merged, as nginx in
front of AWS's own container has it. ``read`` below says it again, in its own way.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.process.gateway.conftest import ROWS

INVOKE = re.compile(rb"/models/(.+)/invoke", re.DOTALL)
ANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

ROUTES = ["invocations", "models", "m", "invoke", "ping", "metrics", "execution-parameters", "v1"]
OTHERS = [
    "INVOCATIONS",
    "%69nvocations",
    "invocations;p=1",
    "m:predict",
    "models%2Fm",
    ".error",
    ".refused",
    "x" * 300,
]
DOTS = ["", ".", "..", "%2e", "%2E%2e", ".%2e", "%2f", "%2F"]
CHARACTERS = [
    "%5c",
    "\\",
    "%00",
    "%0a",
    "%0D%0aX:y",
    "%25",
    "%252F",
    "%3F",
    "%23",
    "%zz",
    "%",
    "%ff",
    "%20",
    "*",
    "'",
    "<",
    "$",
]
BYTES = [b"\xff\xfe", "ä".encode(), b"\x7f", b'"']
segments = st.sampled_from([word.encode() for word in (*ROUTES, *OTHERS, *DOTS, *CHARACTERS)] + BYTES)
suffixes = st.sampled_from([b"", b"", b"?", b"?x=/../y", b"?/invocations", b"#f", b"?a?b#c", b";v=1"])
joined = st.lists(segments, min_size=1, max_size=6).map(b"/".join)
beginnings = st.sampled_from([b"/", b"//", b"/./"])
targets = st.tuples(beginnings, joined, suffixes).map(b"".join)
anything = st.binary(max_size=60).map(lambda tail: b"/" + re.sub(rb"[\x00- ]", b"", tail))


@st.composite
def disguised(draw: st.DrawFn, path: bytes) -> bytes:
    """The same path in other words: characters encoded, slashes doubled, detours."""
    made = b""
    for char in path:
        ways = [bytes([char]), b"%%%02x" % char, b"%%%02X" % char]
        if char == ord("/"):
            ways = [b"/", b"//", b"/./", b"/x/../", b"/%2e/", b"/%2F"]
        made += draw(st.sampled_from(ways))
    return made + draw(st.sampled_from([b"", b"?", b"?a=b", b"?../..", b"#f"]))


def read(target: bytes) -> bytes | None:
    """The path that a request target means; None where it is none."""
    path = re.split(rb"[?#]", target, maxsplit=1)[0]
    if not path.startswith(b"/") or re.search(rb"%(?![0-9A-Fa-f]{2})|%00", path):
        return None
    *folders, last = unquote_to_bytes(path).split(b"/")[1:]
    kept: list[bytes] = []
    for segment in [*folders, last]:
        if segment == b"..":
            if not kept:
                return None
            kept.pop()
        elif segment not in (b"", b"."):
            kept.append(segment)
    ends = b"/" if kept and last in (b"", b".", b"..") else b""
    return b"/" + b"/".join(kept) + ends


def request(target: bytes, method: bytes = b"POST", body: bytes = ROWS) -> bytes:
    head = b"%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    return head % (method, target, len(body)) + b"Connection: close\r\n\r\n" + body


def refused(reply) -> bool:
    """An honest 4xx, in our own JSON."""
    return (
        400 <= reply.status < 500
        and reply.headers["content-type"] == "application/json"
        and set(reply.json()) == {"error", "code", "request_id"}
    )


def unbroken(log: str) -> bool:
    return not re.search("Traceback|AssertionError|unexpected fault", log)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a/./b/../c", b"/a/c"),
        (b"//a%2Fb?c", b"/a/b"),
        (b"/a/", b"/a/"),
        (b"/a/..", b"/"),
        (b"/%2561", b"/%61"),
        (b"/..", None),
        (b"/%0", None),
        (b"*", None),
    ],
)
def test_what_this_file_holds_the_reading_of_a_path_to_be(target: bytes, path: bytes | None) -> None:
    assert read(target) == path


@ANY
@given(target=st.one_of(targets, anything))
@example(target=b"//invocations")
@example(target=b"///invocations")
@example(target=b"/%2Finvocations")
@example(target=b"/invocations%0A")
@example(target=b"/invocations/")
@example(target=b"/invocations%3Fx")
@example(target=b"/" + b"\xff" * 5000)
@example(target=b"/" + b"%20" * 2600)
def test_a_prediction_answers_at_its_own_path_and_every_other_is_refused(front, target: bytes) -> None:
    reply = front.ask_raw(request(target))
    if read(target) == b"/invocations":
        assert (reply.status, reply.json()) == (200, {"predictions": [[2.0, 4.0]]})
    else:
        assert refused(reply)
    assert unbroken(front.log())


@ANY
@given(target=disguised(b"/invocations"))
def test_a_path_in_other_words_is_the_same_path(front, target: bytes) -> None:
    assert front.ask_raw(request(target)).status == 200


@ANY
@given(
    target=st.one_of(targets, anything), method=st.sampled_from(["GET", "HEAD", "PUT", "PATCH", "OPTIONS"])
)
@example(target=b"//ping", method="GET")
@example(target=b"/%70ing", method="PUT")
@example(target=b"//metrics", method="GET")
@example(target=b"http://elsewhere/ping", method="GET")
@example(target=b"http://elsewhere", method="GET")
@example(target=b"*", method="OPTIONS")
def test_no_path_breaks_another_method(front, target: bytes, method: str) -> None:
    reply = front.ask_raw(request(target, method.encode(), b""), method)
    assert reply.status < 500
    if reply.status == 405:
        assert reply.headers["allow"]
    if reply.status >= 400 and method != "HEAD":
        assert refused(reply)
    assert unbroken(front.log())


@pytest.mark.parametrize("path", ["/ping", "/", "/metrics", "/execution-parameters"])
def test_every_route_answers_to_its_path_in_other_words(front, path: str) -> None:
    for written in (path, f"/{path}", f"/.{path}", f"/x/..{path}", f"{path}?q=1", f"/%2F{path[1:]}"):
        assert front.ask_raw(request(written.encode(), b"GET", b""), "GET").status == 200, written


@ANY
@given(target=st.one_of(targets, anything, disguised(b"/models/m/invoke")))
@example(target=b"/models/m/invoke")
@example(target=b"/models/m%2Finvoke")
@example(target=b"/models//m//invoke")
@example(target=b"/models/a%2Fb/invoke")
@example(target=b"/models/%2e%2e/invoke")
@example(target=b"/models/m%0A/invoke")
@example(target=b"/models/m/invoke%0A")
@example(target=b"/models//invoke")
@example(target=b"/models/%25/invoke")
@example(target=b"/models/\xff/invoke")
@example(target=b"/models/" + b"m" * 256 + b"/invoke")
def test_a_model_answers_at_its_own_path_and_every_other_is_refused(endpoint, target: bytes) -> None:
    if not endpoint.supervisor.loaded:
        assert endpoint.load("m").status == 200
    path, reply = read(target), endpoint.ask_raw(request(target))
    if path is not None and (named := INVOKE.fullmatch(path)) and named[1] == b"m":
        assert reply.status == 200
    else:
        assert refused(reply)
    assert unbroken(endpoint.log())


@pytest.mark.parametrize("name", ["a%2Fb", "%2e%2ex", "a%20b", "%C3%A4", "%25", "a%3Db", "a%0Ab"])
def test_a_name_that_no_model_can_have_is_refused_in_words_at_each_of_its_addresses(
    endpoint, name: str
) -> None:
    for method, path in (
        ("POST", f"/models/{name}/invoke"),
        ("GET", f"/models/{name}"),
        ("DELETE", f"/models/{name}"),
    ):
        reply = endpoint.ask(method, path, ROWS if method == "POST" else b"")
        assert refused(reply)
        assert reply.status in (400, 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/models/m/invoke", "POST"),
        ("PUT", "/models/m/invoke", "POST"),
        ("DELETE", "/models/m/invoke", "POST"),
        ("PUT", "/models/m", "DELETE, GET"),
        ("POST", "/models/m", "DELETE, GET"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones_of_its_address(endpoint, method, path, allowed) -> None:
    reply = endpoint.ask(method, path)
    assert (reply.status, reply.headers["allow"]) == (405, allowed)


def test_limits_go_by_the_path_and_not_by_how_it_is_written(front) -> None:
    large = b" " * 200_000
    assert front.ask("POST", "/%69nvocations", large).json()["code"] == "malformed_body"
    for path, limit in (("//invocations", "1 MiB"), ("/%2Fnowhere", "64 KiB")):
        reply = front.ask("POST", path, b" " * 2_000_000)
        assert (reply.status, reply.json()["error"]) == (413, f"the request body is larger than {limit}")


def test_an_address_that_grows_too_long_on_its_way_is_a_414(front) -> None:
    reply = front.ask_raw(request(b"/%41" + b"\xff" * 4000))
    assert (reply.status, reply.json()["code"]) == (414, "uri_too_long")
