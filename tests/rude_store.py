"""A small S3 that can misbehave: it cuts connections, lies, throttles, and replaces objects midway."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import io
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"


@dataclasses.dataclass
class Fault:
    """An answer that is an error: S3's code with its status, and headers such as the region."""

    code: str
    status: int
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    message: str = "no"
    more: str = ""


class RudeStore:
    """``objects`` maps ``bucket/key`` to bytes. ``ranges`` lists what was asked for, in order.

    ``on_get(number, path)`` may return a Fault or None for the GET of an object number ``number``
    (from 0). ``cut_after`` bytes a connection is cut, for the first ``cuts`` answers. ``gate`` holds
    back every answer after the first ``open_answers``.

    ``parts`` has the sizes of those of an object that came in several; ``object_headers`` go with each answer
    to HEAD about one object. ``raw(method, target)`` may return what is sent instead of an answer, byte for
    byte, and the connection is closed after it; ``asked`` is the range of the latest request. ``pages``
    may return what is sent as a listing.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.object_headers: dict[str, dict[str, str]] = {}
        self.parts: dict[str, list[int]] = {}
        self.part_heads: list[int] = []
        self.raw: Callable[[str, str], Iterable[bytes] | None] = lambda _method, _target: None
        self.pages: Callable[[dict[str, list[str]]], bytes | None] = lambda _query: None
        self.requests = 0
        self.asked = ""
        self.ranges: list[str] = []
        self.heads = 0
        self.on_get: Callable[[int, str], Fault | None] = lambda _number, _path: None
        self.on_head: Callable[[str], Fault | None] = lambda _path: None
        self.after_get: Callable[[int], None] = lambda _number: None
        self.damage: Callable[[bytes], bytes] = lambda data: data
        self.cut_after = 0
        self.cuts = 0
        self.gate = threading.Event()
        self.open_answers = 1 << 30
        self.waiting = threading.Event()
        self.answered = 0
        self.lock = threading.Lock()
        self.url = ""

    def etag(self, path: str) -> str:
        if path in self.etags:
            return self.etags[path]
        return _etag(self.objects[path], tuple(self.parts.get(path, ())))

    def cut(self, path: str) -> list[bytes]:
        """The parts of an object."""
        return _cut(self.objects[path], self.parts[path])

    @contextlib.contextmanager
    def running(self) -> Iterator[RudeStore]:
        server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": self}))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            self.gate.set()
            server.shutdown()
            server.server_close()
            thread.join()


def _cut(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    rest = io.BytesIO(data)
    return [rest.read(size) for size in sizes]


@functools.lru_cache(64)
def _etag(data: bytes, sizes: tuple[int, ...]) -> str:
    if not sizes:
        return hashlib.md5(data).hexdigest()
    sums = b"".join(hashlib.md5(part).digest() for part in _cut(data, sizes))
    return f"{hashlib.md5(sums).hexdigest()}-{len(sizes)}"


class _Server(ThreadingHTTPServer):
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: RudeStore

    def log_message(self, *_: Any) -> None: ...

    def _raw(self) -> bool:
        with self.store.lock:
            self.store.requests += 1
            self.store.asked = self.headers.get("Range", "")
        portions = self.store.raw(self.command, self.path)
        if portions is None:
            return False
        self.close_connection = True
        for portion in portions:
            self.wfile.write(portion)
        return True

    def do_HEAD(self) -> None:
        if self._raw():
            return
        parts = urlsplit(self.path)
        path = unquote(parts.path).lstrip("/")
        number = int(parse_qs(parts.query).get("partNumber", ["0"])[0])
        if number:
            self.store.part_heads.append(number)
        self.store.heads += 1
        fault = self.store.on_head(path)
        if fault is None and path not in self.store.objects:
            fault = Fault("NoSuchKey", 404)
        if fault:
            self._answer(fault.status, b"", fault.headers)
            return
        sizes = self.store.parts.get(path, [])
        size = sizes[number - 1] if sizes and number else len(self.store.objects[path])
        headers = {**self.store.headers, **self.store.object_headers.get(path, {})}
        if number and sizes:
            headers["x-amz-mp-parts-count"] = str(len(sizes))
        self.send_response(206 if number else 200)
        self.send_header("Content-Length", str(size))
        self.send_header("ETag", f'"{self.store.etag(path)}"')
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        if self._raw():
            return
        parts = urlsplit(self.path)
        path = unquote(parts.path).lstrip("/")
        if "list-type" in parts.query:
            self._list(path.strip("/"), parse_qs(parts.query))
            return
        with self.store.lock:
            number = len(self.store.ranges)
            self.store.ranges.append(self.headers.get("Range", ""))
        fault = self.store.on_get(number, path)
        if fault is None and path not in self.store.objects:
            fault = Fault("NoSuchKey", 404)
        if fault is None and self.headers.get("If-Match", "").strip('"') not in ("", self.store.etag(path)):
            fault = Fault("PreconditionFailed", 412)
        if fault:
            body = ERROR.format(code=fault.code, message=escape(fault.message), more=fault.more).encode()
            self._answer(fault.status, body, fault.headers)
            return
        if number >= self.store.open_answers:
            self.store.waiting.set()
            self.store.gate.wait(60)
        self._object(path)
        self.store.after_get(number)

    def _object(self, path: str) -> None:
        data = self.store.objects[path]
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        start, end = (int(found[1]), min(int(found[2]) + 1, len(data))) if found else (0, len(data))
        body = self.store.damage(data[start:end])
        self.send_response(206 if found else 200)
        self.send_header("ETag", f'"{self.store.etag(path)}"')
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        self.end_headers()
        with self.store.lock:
            cut = self.store.cuts > 0
            self.store.cuts -= cut
        if cut:
            self.wfile.write(body[: self.store.cut_after])
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(body)
        self.store.answered += 1

    def _list(self, bucket: str, query: dict[str, list[str]]) -> None:
        page_bytes = self.store.pages(query)
        if page_bytes is not None:
            self._answer(200, page_bytes, {"Content-Type": "application/xml"})
            return
        prefix = query.get("prefix", [""])[0]
        after = query.get("continuation-token", [""])[0]
        limit = int(query.get("max-keys", ["2"])[0])  # two per page: paging is always tried
        keys = sorted(
            path.removeprefix(f"{bucket}/") for path in self.store.objects if path.startswith(f"{bucket}/")
        )
        keys = [key for key in keys if key.startswith(prefix) and key > after]
        page, more = keys[:limit], len(keys) > limit
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.store.objects[f'{bucket}/{key}'])}</Size>"
            f"<ETag>&quot;{self.store.etag(f'{bucket}/{key}')}&quot;</ETag></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        cut = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}"
        body = f"<ListBucketResult>{cut}{rows}</ListBucketResult>"
        self._answer(200, body.encode(), {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
