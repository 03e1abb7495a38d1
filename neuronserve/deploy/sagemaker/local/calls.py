"""One HTTP request of the platform to a container, within its limits of time."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

_BLOCK = 1 << 16

Body = bytes | Path | Iterable[bytes]


class Unanswered(Exception):
    """The container did not answer; the text says what happened instead."""


class TooSlow(Unanswered):
    """It accepted the request, and did not answer in time."""


@dataclasses.dataclass(frozen=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Request:
    """``body``: bytes, a file (sent with its length), or parts that are sent chunked."""

    method: str
    path: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: Body = b""


@dataclasses.dataclass(frozen=True)
class Answer:
    """``headers`` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def text(self) -> str:
        return self.body.decode(errors="replace")


@dataclasses.dataclass(frozen=True)
class Streamed:
    """An answer whose body is still coming. ``parts`` raises Unanswered when it breaks off."""

    status: int
    headers: Mapping[str, str]
    parts: Iterator[bytes]

    def whole(self) -> Answer:
        return Answer(self.status, self.headers, b"".join(self.parts))


def ask(address: Address, request: Request, *, connect: float, answer: float) -> Answer:
    """The whole answer. Raises Unanswered."""
    with streamed(address, request, connect=connect, answer=answer) as found:
        return found.whole()


@contextlib.contextmanager
def streamed(address: Address, request: Request, *, connect: float, answer: float) -> Iterator[Streamed]:
    """The answer once its head is there. ``connect`` and ``answer`` (its end) are seconds.

    Raises Unanswered.
    """
    end = time.monotonic() + answer
    connection = http.client.HTTPConnection(address.host, address.port, timeout=connect)
    try:
        with _faults(answer):
            _open(connection, connect)
            _wait_at_most(connection.sock, end)
            _send(connection, request)
            _wait_at_most(connection.sock, end)
            sock = connection.sock  # the connection lets go of it when the answer closes it
            response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        with response:
            yield Streamed(response.status, headers, _parts(response, sock, end, answer))
    finally:
        connection.close()


def _open(connection: http.client.HTTPConnection, seconds: float) -> None:
    try:
        connection.connect()
    except TimeoutError:
        raise Unanswered(f"it did not accept the connection within {seconds * 1000:g} ms") from None
    except OSError as error:
        raise Unanswered(f"it did not accept the connection ({error.strerror})") from None


def _send(connection: http.client.HTTPConnection, request: Request) -> None:
    connection.putrequest(request.method, request.path, skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    body = request.body
    # an answer may come before the whole body was taken: then the container has closed its side
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        if isinstance(body, bytes):
            if body or request.method != "GET":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
        elif isinstance(body, Path):
            connection.putheader("Content-Length", str(body.stat().st_size))
            with body.open("rb") as file:
                connection.endheaders(_blocks(file))
        else:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(body, encode_chunked=True)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _parts(
    response: http.client.HTTPResponse, sock: socket.socket, end: float, seconds: float
) -> Iterator[bytes]:
    """What has come, as soon as it has."""
    with _faults(seconds):
        while True:
            _wait_at_most(sock, end)
            part = response.read1(_BLOCK)
            if not part:
                if response.length:  # the rest of a Content-Length never came
                    raise Unanswered("it closed the connection in the middle of its answer")
                return
            yield part


def _wait_at_most(sock: socket.socket, end: float) -> None:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if sock.fileno() != -1:  # all of a short answer has come, and the connection is closed
        sock.settimeout(left)


@contextlib.contextmanager
def _faults(seconds: float) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise TooSlow(f"it did not answer within {seconds:g} s") from None
    except http.client.IncompleteRead:
        raise Unanswered("it closed the connection in the middle of its answer") from None
    except http.client.RemoteDisconnected:
        raise Unanswered("it closed the connection without an answer") from None
    except http.client.HTTPException as error:
        raise Unanswered(f"its answer is no HTTP ({type(error).__name__})") from None
    except OSError as error:
        raise Unanswered(f"the connection broke ({error.strerror or error})") from None
