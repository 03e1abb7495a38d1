"""Against what is no S3 at all: login pages, proxies, redirects, half a store. Exit code 16, and a reason.

What an answer of S3 is: botocore's model of it, and RFC 9110 for ranges (14.4, 15.3.7) and ETags (8.8.3).
"""

from __future__ import annotations

import gc
import itertools
import socket
import threading

import pytest

from neuronserve import errors, exitcodes
from neuronserve.artifact import s3, transport
from tests.archives import GRAPH, files_below, saved_model, tar_gz
from tests.rude_store import Fault

FILES = saved_model("1", weights=3 << 20)
ARCHIVE = tar_gz(FILES)
SIZE = len(ARCHIVE)
URI, TREE = "s3://bkt/m.tar.gz", "s3://bkt/tree/"
PAGE = b"<!doctype html><html><body>Please log in</body></html>"
ETAG = 'ETag: "0123456789abcdef0123456789abcdef"'
MANY = 100  # requests; honest retries of one start need fewer


@pytest.fixture(autouse=True)
def model(store):
    store.objects["bkt/m.tar.gz"] = ARCHIVE
    return store


def answer(status, *headers, body=b""):
    return ("\r\n".join([f"HTTP/1.1 {status}", *headers, "Connection: close", "", ""])).encode() + body


def refused(get, uri=URI, code=16):
    with pytest.raises(errors.ArtifactError) as caught:
        get(uri)
    assert exitcodes.of(caught.value) == code, caught.value
    assert "\n" not in str(caught.value)
    assert not get.published
    return str(caught.value)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([f"Content-Length: {SIZE}"], "no ETag"),
        (
            [f"Content-Length: {len(PAGE)}", "Content-Type: text/html; charset=utf-8"],
            "no ETag, and is text/html",
        ),
        ([f"Content-Length: {SIZE}", 'ETag: W/"abc"'], "weak"),
        ([f"Content-Length: {SIZE}", "ETag: "], "no ETag"),
        ([ETAG], "no size"),
        ([ETAG, "Transfer-Encoding: chunked"], "no size"),
        ([ETAG, "Content-Length: many"], "cannot be understood"),
        ([ETAG, "Content-Length: -5"], "its size is -5"),
        ([ETAG, f"Content-Length: {10**30}"], "its size is"),
        ([ETAG, "Content-Length: 1e9"], "cannot be understood"),
        ([ETAG, f"Content-Length: {SIZE}", "Last-Modified: yesterday"], "cannot be understood"),
    ],
)
def test_a_head_that_tells_no_etag_or_size_is_no_answer_of_s3(store, get, headers, said):
    store.raw = lambda method, _: [answer("200 OK", *headers)] if method == "HEAD" else None
    assert said in refused(get)


LOGIN = "Location: https://login.example.com/?SAMLRequest=secret"


@pytest.mark.parametrize(
    ("status", "uri", "headers"),
    [
        ("301 x", URI, []),
        ("301 x", TREE, [LOGIN]),
        ("302 x", URI, [LOGIN]),
        ("303 x", TREE, []),
        ("307 x", URI, []),
        ("307 x", TREE, ["x-amz-bucket-region: ../x"]),
        ("308 x", URI, [LOGIN]),
        ("300 x", TREE, ["Location: https://[::"]),
        ("304 x", URI, []),
    ],
)
def test_a_store_that_redirects_each_request_ends_soon(store, get, status, uri, headers):
    store.raw = lambda *_: [answer(status, *headers, "Content-Length: 0")]
    said = refused(get, uri)
    assert "redirects" in said
    assert "SAMLRequest" not in said
    assert ("login.example.com" in said) is bool(headers and "login" in headers[0])
    assert store.requests < MANY


def test_a_redirect_to_a_region_that_redirects_again_ends_with_exit_13(store, get):
    regions = itertools.cycle(["eu-west-1", "eu-west-2", "us-west-2"])
    store.raw = lambda *_: [answer("301 x", f"x-amz-bucket-region: {next(regions)}", "Content-Length: 0")]
    assert "AWS_REGION" in refused(get, code=13)
    assert store.requests < MANY


def listing(*rows, more=""):
    return f"<ListBucketResult><IsTruncated>{more or 'false'}</IsTruncated>{''.join(rows)}</ListBucketResult>"


def entry(key="tree/1", size="1", etag="<ETag>e</ETag>"):
    return f"<Contents><Key>{key}</Key><Size>{size}</Size>{etag}</Contents>"


@pytest.mark.parametrize(
    "page",
    [
        "",
        PAGE.decode(),
        "<html/>",
        "<?xml version='1.0'?><html><body>hi</body></html>",
        "{}",
        "\0\x80",
        "<ListBucketResult/>",
        "<ListBucketResult><Contents></ListBucketResult>",
        listing("<Contents/>"),
        listing(entry(size="x")),
        listing(entry(size="-1")),
        listing(entry(etag="")),
        listing(entry(key="other/1")),
        listing(entry(), entry()),
        listing(more="true"),
        "<Error><Code>Odd</Code><Message>no</Message></Error>",
    ],
)
def test_a_listing_that_is_none_is_no_answer_of_s3(store, get, page):
    store.pages = lambda _query: page.encode()
    refused(get, TREE)


def truncated(rows, token):
    return listing(rows, f"<NextContinuationToken>{token}</NextContinuationToken>", more="true").encode()


def test_a_listing_that_repeats_its_token_ends(store, get):
    store.pages = lambda _query: truncated("", "same")
    assert "does not end" in refused(get, TREE)


def test_a_listing_of_empty_pages_without_end_ends(store, get, monkeypatch):
    monkeypatch.setattr(s3, "_EMPTY_PAGES", 20)
    numbers = itertools.count()
    store.pages = lambda _query: truncated("", next(numbers))
    assert "does not end" in refused(get, TREE)


def test_a_listing_that_repeats_its_objects_ends(store, get):
    numbers = itertools.count()
    store.pages = lambda _query: truncated(entry("tree/1/saved_model.pb"), next(numbers))
    assert "twice" in refused(get, TREE)


def test_a_listing_of_objects_that_are_passed_over_ends(store, get):
    """Consoles' folders and .DS_Store count for nothing, and so would never meet a bound of their own."""
    numbers = itertools.count()
    store.pages = lambda _query: truncated(
        "".join(entry(f"tree/{n}/", size=0) for n in itertools.islice(numbers, 50)), next(numbers)
    )
    with pytest.raises(errors.HostileArchive, match="SERVE_MAX_FILES") as caught:
        get(TREE, SERVE_MAX_FILES="5")
    assert exitcodes.of(caught.value) == 19


def partial(start, end, size=SIZE, *, told=None, length=None):
    told = f"bytes {start}-{end}/{size}" if told is None else told
    headers = [ETAG, *([f"Content-Range: {told}"] if told else [])]
    body = ARCHIVE[start : end + 1]
    return answer(
        "206 Partial Content",
        *headers,
        f"Content-Length: {len(body) if length is None else length}",
        body=body,
    )


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (partial(0, SIZE - 1, told=""), "Content-Range is absent"),
        (partial(0, SIZE - 1, told="bytes"), "Content-Range is 'bytes'"),
        (partial(0, SIZE - 1, told=f"items 0-{SIZE - 1}/{SIZE}"), "Content-Range is 'items"),
        (partial(0, SIZE - 1, told=f"bytes 0-{SIZE - 2}/{SIZE}"), "were asked for, and its Content-Range"),
        (partial(0, SIZE - 1, told=f"bytes 1-{SIZE - 1}/{SIZE}"), "were asked for, and its Content-Range"),
        (
            partial(0, SIZE - 1, told=f"bytes 0-{SIZE - 1}/{SIZE + 1}"),
            "were asked for, and its Content-Range",
        ),
        (partial(0, SIZE - 2), "were asked for, and its Content-Range"),
        (partial(0, SIZE - 1, length=SIZE + 7), f"it promises {SIZE + 7:,} bytes"),
        (partial(0, SIZE - 1, length=0), "it promises 0 bytes"),
        (
            answer("206 x", ETAG, f"Content-Range: bytes 0-{SIZE - 1}/{SIZE}", "Content-Length: x"),
            "cannot be",
        ),
        (answer("200 OK", ETAG, f"Content-Length: {len(PAGE)}", body=PAGE), f"it promises {len(PAGE)} bytes"),
        (answer("204 No Content", ETAG), "its status is 204"),
        (answer("200 OK", ETAG, "Content-Length: 0"), "it promises 0 bytes"),
        (b"", "was cut"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "was cut"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", "was cut"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", "was cut"),
    ],
)
def test_bytes_that_are_not_those_of_the_range_are_no_answer_of_s3(store, get, sent, said):
    store.etags["bkt/m.tar.gz"] = ETAG.split('"')[1]
    store.raw = lambda method, _: [sent] if method == "GET" else None
    assert said in refused(get)


def test_an_answer_that_botocore_cannot_read_leaves_no_connection(store, get):
    unreadable = answer("206 x", ETAG, f"Content-Range: bytes 0-{SIZE - 1}/{SIZE}", "Content-Length: x")
    store.etags["bkt/m.tar.gz"] = ETAG.split('"')[1]
    store.raw = lambda method, _: [unreadable] if method == "GET" else None
    gc.disable()  # which would close it at some later time
    try:
        refused(get)
        sockets = [one for one in gc.get_objects() if isinstance(one, socket.socket)]
        assert [one for one in sockets if one._closed and one.fileno() >= 0] == []
    finally:
        gc.enable()


def test_one_wrong_answer_among_right_ones_is_asked_for_again(store, get):
    store.etags["bkt/m.tar.gz"] = "an-etag"
    store.raw = lambda method, _: (
        [partial(1, SIZE - 1).replace(ETAG.encode(), b'ETag: "an-etag"')]
        if method == "GET" and store.requests == 2
        else None
    )
    bundle = get(URI)
    assert files_below(bundle.root / "models") == {f"model/{path}": data for path, data in FILES.items()}


def test_another_version_in_the_middle_is_never_mixed_in(store, get):
    store.raw = lambda method, _: (
        [partial(0, SIZE - 1).replace(ETAG.encode(), b'ETag: "another"')] if method == "GET" else None
    )
    assert "was replaced 4 times" in refused(get)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("400 x", PAGE),
        ("402 x", b""),
        ("407 x", b"{}"),
        ("418 x", b"<Error/>"),
        ("500 x", b"\xff\x00"),
        ("502 x", PAGE),
        ("511 x", b"<Error><Code>x\ny</Code></Error>"),
    ],
)
def test_an_error_in_nobodys_words_is_16(store, get, status, body):
    store.raw = lambda method, _: [
        answer(status, f"Content-Length: {len(body)}", body=b"" if method == "HEAD" else body)
    ]
    refused(get)
    refused(get, TREE)


def test_an_error_document_without_end_is_16_and_takes_no_memory(store, get, monkeypatch):
    monkeypatch.setattr(transport, "_MOST", 1 << 20)
    sent = []

    def endless(_method, _target):
        yield answer("200 OK", "Content-Type: text/xml")
        for _ in range(400):
            sent.append(1)
            yield b"<" * (64 << 10)

    store.raw = endless
    assert "does not end" in refused(get, TREE)
    assert len(sent) < 400


class Silence:
    """Portions that come one by one, each after ``hold`` was waited for in vain."""

    def __init__(self, *portions, hold=0.05):
        self.portions, self.hold, self.over = portions, hold, threading.Event()

    def __iter__(self):
        for portion in self.portions:
            yield portion
            if self.over.wait(self.hold):
                return


@pytest.fixture
def drip():
    made = []

    def make(*portions, **how):
        made.append(Silence(*portions, **how))
        return made[-1]

    yield make
    for one in made:
        one.over.set()


def endless(head=b""):
    return itertools.chain([head], itertools.repeat(b"x"))


def begun(store):
    """The head of a right answer."""
    start, end = map(int, store.asked.removeprefix("bytes=").split("-"))
    return partial(start, end).removesuffix(ARCHIVE[start : end + 1])


@pytest.mark.parametrize("uri", [URI, TREE])
def test_a_head_of_an_answer_that_drips_does_not_outlast_its_time(store, get, monkeypatch, drip, uri):
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.3)
    store.raw = lambda *_: drip(*itertools.islice(endless(b"HTTP/1.1 200 OK\r\nX: "), 10_000))
    assert "no answer within 0.3 s" in refused(get, uri)


def test_bytes_that_drip_are_a_stall_and_each_retry_has_its_time(store, get, monkeypatch, drip):
    monkeypatch.setattr(transport, "PACE_SECONDS", 0.2)
    store.etags["bkt/m.tar.gz"] = ETAG.split('"')[1]
    store.raw = lambda method, _: (
        drip(*itertools.islice(endless(begun(store)), 10_000)) if method == "GET" else None
    )
    said = refused(get)
    assert "the transfer stalled: " in said
    assert store.requests == 1 + 4  # HEAD, a try and its three retries


def test_a_connection_that_stalls_in_the_middle_is_given_up(store, get, monkeypatch, drip):
    monkeypatch.setattr(transport, "READ_SECONDS", 0.2)
    store.etags["bkt/m.tar.gz"] = ETAG.split('"')[1]
    store.raw = lambda method, _: drip(begun(store) + b"x" * 1000, hold=30) if method == "GET" else None
    assert "was cut (ReadTimeout" in refused(get)


def test_a_name_that_is_never_resolved_does_not_outlast_its_time(store, get, monkeypatch):
    import socket

    over = threading.Event()
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.2)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: over.wait(60) and [])
    try:
        assert "no answer within 0.2 s" in refused(get)
    finally:
        over.set()


def test_credentials_that_never_come_do_not_outlast_their_time(get, monkeypatch, store, drip):
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.3)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{store.url}/credentials")
    store.raw = lambda *_: drip(*itertools.islice(endless(b"HTTP/1.1 200 OK\r\nX: "), 10_000))
    assert "no answer within 0.3 s" in refused(get)


def test_a_plain_store_behind_an_https_address_is_said(store, get, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url.replace("http:", "https:"))
    assert "no TLS with the store" in refused(get)


def test_certificates_that_are_no_file_are_said(store, get, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url.replace("http:", "https:"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "absent.pem"))
    refused(get)


def test_a_tree_whose_objects_are_no_objects_is_16(store, get):
    store.objects["bkt/tree/1/saved_model.pb"] = GRAPH
    store.on_get = lambda _number, _path: Fault("Odd", 409)
    assert "answered Odd" in refused(get, TREE)
