"""HTTP/1.1 as nobody should write it: request lines, headers, lengths, chunks, pipelines, smuggled requests.

RFC 9112 says what may be refused, and that a message of doubtful length must not be read in two ways (6.3,
11.2). A smuggled request names a model that nobody has: where an answer speaks of it, it was read.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from fuzzing import mutators
from fuzzing.corpus import Result
from fuzzing.running import Service, sent_all

SMUGGLED = b"smuggled"
# RFC 9110: 501 for a transfer coding or a method that is not known, 505 for another version of HTTP
_HONEST = {"501", "504", "505"}
_STATUS = re.compile(rb"(?:^|\r\n|[^\r\n])HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")
_BODY = b'{"instances":[[1,2,5]]}'
_PAUSE = b"\0<pause>\0"  # in a case: the rest is sent later

_METHODS = (
    b"POST", b"GET", b"HEAD", b"PUT", b"OPTIONS", b"TRACE", b"CONNECT", b"post", b"", b"X" * 300, b"P OST",
    b"\0", b"PRI",
    b"PROPFIND", b"\xff",
)  # fmt: skip
_PATHS = (
    b"/invocations", b"/ping", b"/", b"/metrics", b"/models", b"/models/a/invoke", b"//invocations",
    b"/invocations/",
    b"/invocations?x=" + b"y" * 9000, b"/%69nvocations", b"/invocations%00", b"/invocations%ff",
    b"/..%2f..%2fetc/passwd",
    b"/a/../invocations", b"http://other/invocations", b"*", b"", b"/\xff\xfe", b"/invocations\t", b"/%",
    b"/%zz", b"/x#y",
    b"/.error", b"/.refused/500", b"/.ping.json", b"/models/%2e%2e/invoke",
    b"/models/" + b"n" * 4000 + b"/invoke",
)  # fmt: skip
_VERSIONS = (
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/0.9",
    b"HTTP/2.0",
    b"HTTP/1.9",
    b"http/1.1",
    b"HTTP/1.1 x",
    b"",
    b"HTTP/11",
    b"HTTP/-1.1",
)
_HEADERS = (
    b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: -1", b"Content-Length: +23",
    b"Content-Length: 23, 23",
    b"Content-Length: 0x17", b"Content-Length: 99999999999999999999",
    b"Content-Length: 18446744073709551638", b"Content-Length:",
    b"Content-Length : 23", b" Content-Length: 23", b"Content-Length:\t23", b"Content-Length: 23\0",
    b"Content_Length: 5",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity", b"Transfer-Encoding : chunked", b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding: xchunked",
    b"transfer-encoding: CHUNKED", b"Transfer-Encoding:\r\n chunked", b"X: y\r\n folded", b": empty",
    b"no colon",
    b"Expect: 100-continue", b"Expect: 200-maybe", b"Connection: close", b"Connection: upgrade",
    b"Upgrade: h2c", b"Host: a",
    b"Host: a\r\nHost: b", b"Host: \xff", b"X-Request-Id: " + b"r" * 500, b'X-Request-Id: \xff"\\',
    b"X-Request-Msec: nan",
    b"X-Request-Elapsed: -1e400", b"Content-Type: \xff", b"Content-Type: text/csv; header=" + b"p" * 3000,
    b"Range: bytes=0-0",
    b"Content-Encoding: gzip", b"Content-Encoding: br, gzip", b"Accept: " + b"a/b, " * 2000,
    b"X: " + b"y" * 33000,
    b"X-Amzn-SageMaker-Custom-Attributes: tfs-model-name=\xc3\x28",
    b"X-Amzn-SageMaker-Custom-Attributes: " + b"," * 2000,
    b"If-Match: *", b"If-Modified-Since: never", b"Cookie: " + b"c=d;" * 100, b"\xff: \xff", b"X\0: y",
    b"X: a\rb", b"Trailer: Content-Length",
)  # fmt: skip


def request(
    method: bytes = b"POST", path: bytes = b"/invocations", version: bytes = b"HTTP/1.1", *headers: bytes
) -> bytes:
    line = b" ".join((method, path, version)) + b"\r\n"
    return line + b"".join(one + b"\r\n" for one in headers) + b"\r\n"


def plain(*headers: bytes, body: bytes = _BODY) -> bytes:
    always = (b"Host: x", b"Content-Type: application/json", b"Content-Length: %d" % len(body))
    return request(b"POST", b"/invocations", b"HTTP/1.1", *always, *headers) + body


def _inner() -> bytes:
    """The request that must never be read as one."""
    body = b'{"instances":[[1,2,5]]}'
    target = b"X-Amzn-SageMaker-Custom-Attributes: tfs-model-name=" + SMUGGLED
    return (
        request(b"POST", b"/invocations", b"HTTP/1.1", b"Host: x", target, b"Content-Length: %d" % len(body))
        + body
    )


def _line(rng: random.Random) -> bytes:
    end = rng.choice((b"\r\n", b"\n", b"\r", b"\r\n\r\n"))
    parts = (rng.choice(_METHODS), rng.choice(_PATHS), rng.choice(_VERSIONS))
    return rng.choice((b" ", b" ", b"  ", b"\t")).join(parts) + end + b"Host: x\r\n\r\n"


def _headers(rng: random.Random) -> bytes:
    chosen = [rng.choice(_HEADERS) for _ in range(rng.choice((1, 1, 2, 3, 150)))]
    path = rng.choice(_PATHS) if rng.random() < 0.3 else b"/invocations"
    first = [b"Host: x"] if rng.random() < 0.9 else []
    if rng.random() < 0.5:
        first += [b"Content-Type: application/json", b"Content-Length: %d" % len(_BODY)]
    rng.shuffle(chosen)
    return request(rng.choice((b"POST", b"POST", b"GET")), path, b"HTTP/1.1", *first, *chosen) + _BODY


def _chunked(rng: random.Random) -> bytes:
    sizes = (
        b"17",
        b"0x17",
        b"17;a=b",
        b"17 ",
        b"-1",
        b"",
        b"ffffffffffffffff",
        b"10000000000000017",
        b"1" * 400,
        b"17;" + b"x" * 9000,
        b"G",
    )
    end = rng.choice((b"\r\n", b"\n", b"\r", b""))
    last = rng.choice(
        (
            b"0\r\n\r\n",
            b"0\r\nX: y\r\n\r\n",
            b"0\n\n",
            b"",
            b"00000\r\n\r\n",
            b"0\r\nContent-Length: 5\r\n\r\n",
        )
    )
    chunk = rng.choice(sizes) + end + _BODY + end
    pause = _PAUSE if rng.random() < 0.2 else b""
    head = request(
        b"POST",
        b"/invocations",
        b"HTTP/1.1",
        b"Host: x",
        b"Content-Type: application/json",
        b"Transfer-Encoding: chunked",
    )
    return head + chunk * rng.choice((0, 1, 1, 2)) + pause + last


def _pipelined(rng: random.Random) -> bytes:
    some = [
        rng.choice((plain(), request(b"GET", b"/ping", b"HTTP/1.1", b"Host: x"), _line(rng), _headers(rng)))
        for _ in range(rng.randrange(2, 9))
    ]
    return (_PAUSE if rng.random() < 0.2 else b"").join(some)


def _smuggling(rng: random.Random) -> bytes:
    """A length that can be read in two ways: the inner request is in the body, or it is refused."""
    inner = _inner()
    chunked = b"0\r\n\r\n" + inner
    doubtful = rng.choice((
        b"Transfer-Encoding: chunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding:\x0bchunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"X: y\r\n Transfer-Encoding: chunked", b"Transfer_Encoding: chunked",
        b"Transfer-Encoding\0: chunked", b'Transfer-Encoding: "chunked"',
        b"X: y\rTransfer-Encoding: chunked", b"Content-Length: 5",
        b"Content_Length: 0", b"Content-Length: %d, 5" % len(chunked), b"Content-Length : 0", b"X: y\nX: z",
    ))  # fmt: skip
    lengths = [b"Content-Length: %d" % len(chunked), doubtful]
    if rng.random() < 0.5:
        lengths.reverse()
    return (
        request(
            b"POST", b"/invocations", b"HTTP/1.1", b"Host: x", b"Content-Type: application/json", *lengths
        )
        + chunked
    )


def _raw(rng: random.Random) -> bytes:
    return rng.choice((
        rng.randbytes(rng.randrange(1, 400)), b"\r\n" * rng.randrange(1, 50),
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2000,
        b"POST /invocations HTTP/1.1\r\nContent-Length: 9\r\nHost: x\r\n\r\nab",
        b"GET /ping\r\n", b"A" * 70_000,
    ))  # fmt: skip


_MAKERS: tuple[Callable[[random.Random], bytes], ...] = (
    _line,
    _headers,
    _headers,
    _chunked,
    _pipelined,
    _smuggling,
    _raw,
)


class Oddities:
    """The target. A case is what goes over one connection."""

    batch = 250

    def __init__(self, service: Service) -> None:
        self._service = service

    def seeds(self) -> list[bytes]:
        rng = random.Random(0)
        return [plain(), plain(b"Expect: 100-continue"), *(maker(rng) for maker in _MAKERS for _ in range(8))]

    def made(self, rng: random.Random) -> bytes:
        return rng.choice(_MAKERS)(rng)

    def mutated(self, case: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
        if SMUGGLED in case:  # mutation may make an honest pipeline of it
            return self.made(rng)
        return mutators.mutated(case, [one for one in (rng.choice(others),) if SMUGGLED not in one], rng)

    def tried(self, cases: Sequence[bytes]) -> list[Result]:
        heard = sent_all(self._service.port, [case.split(_PAUSE) for case in cases])
        results = [_judged(one.data, hung=one.hung) for one in heard]
        wrong = self._service.faults() or self._service.answers()
        if not wrong:
            return results
        if len(cases) == 1:
            return [Result(results[0].outcome, results[0].signature, _first(wrong))]
        # which of them it was: each alone
        return [
            result if result.fault else self.tried([case])[0]
            for case, result in zip(cases, results, strict=True)
        ]


def _first(wrong: str) -> str:
    found = re.search(
        r"^.*(?:Traceback|unexpected fault|\[crit\]|\[alert\]|\[emerg\]|plain request).*$",
        wrong,
        re.MULTILINE,
    )
    return f"the service's log or answer: {found[0].strip() if found else ''}\n{wrong}"


def _judged(data: bytes, *, hung: bool) -> Result:
    answers = _STATUS.findall(data)
    statuses = [status.decode() for status, _ in answers]
    final = [status for status in statuses if not status.startswith("1")]
    outcome = final[0] if final else ("closed" if not data else "no HTTP")
    fault = ""
    for status, headers in answers:
        if (
            status >= b"500"
            and status.decode() not in _HONEST
            and not (status == b"503" and b"retry-after" in headers.lower())
        ):
            fault = f"{status.decode()}, which is no honest answer: {data[-400:]!r}"
    if hung:
        fault = "hang: the connection was neither answered nor closed"
    if SMUGGLED in data:
        fault = f"smuggled: the inner request was read: {data[-600:]!r}"
    return Result(outcome, " ".join(statuses[:4]) or outcome, fault)
