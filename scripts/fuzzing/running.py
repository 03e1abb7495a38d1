"""A running service, spoken to in raw bytes by many connections at once, and its log."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import http.client
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import _workshop

_NULL = _workshop.ROOT / "scripts" / "benchmark" / "null_server.py"
_AT_ONCE = 48  # connections
_QUIET_SECONDS = 0.4  # after an answer, or without one: nothing more is expected
_CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0  # after the client said that it has no more: the service must have closed by then
_TRACE = re.compile(r"Traceback \(most recent call last\)|unexpected fault|\[(?:crit|alert|emerg)\]")


@dataclasses.dataclass
class Service:
    """``port`` on 127.0.0.1, and the file of the log."""

    port: int
    log_file: Path
    _read: int = 0

    def faults(self) -> str:
        """What the log has since the last call that it must not have; "" for nothing."""
        with self.log_file.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        self._read += len(fresh)
        text = fresh.decode("utf-8", "replace")
        found = _TRACE.search(text)
        return text[max(0, found.start() - 300) : found.start() + 3000] if found else ""

    def answers(self) -> str:
        """Why a plain request is not answered as before; "" where it is."""
        try:
            status, _, answer = self.ask(b'{"instances": [[1, 2, 5]]}', {"Content-Type": "application/json"})
        except (OSError, http.client.HTTPException) as error:
            return f"a plain request got {type(error).__name__}: {error}"
        return "" if status == 200 else f"a plain request got {status}: {answer[:300]!r}"

    def ask(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=READ_SECONDS)
        try:
            connection.request("POST", "/invocations", body, dict(headers))
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()


@contextlib.contextmanager
def service(scratch: Path) -> Iterator[Service]:
    """``./serve`` with its nginx and gunicorn, and a model server that answers at once."""
    from demo import service as serving

    version = scratch / "model" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").write_bytes(b"\x08\x01")
    settings = {
        "MODEL_URI": str(version.parent), "MODEL_NAME": "model", "MODEL_SERVER": "tensorflow",
        "MODEL_SERVER_BINARY": str(_NULL), "NULL_SHAPE": "-1,3", "SERVE_MAX_BODY_MB": "4",
        "SAGEMAKER_GUNICORN_WORKERS": "2", "SERVE_BODY_READ_SECONDS": "5", "SERVE_WARMUP": "off",
        "SERVE_DRAIN_SECONDS": "5", "SERVE_CACHE_DIR": str(scratch / "cache"),
    }  # fmt: skip
    port = serving.free_port(0)
    log = scratch / "serve.log"
    with serving.running(port, settings, log) as started:
        started.wait_ready(_quiet)
        yield Service(port, log)


def _quiet(text: str, share: float | None = None) -> None:
    """Nobody is told how far a start is."""


class Client:
    """Asks a service as ``dataplane.Plane`` asks its own."""

    def __init__(self, running: Service) -> None:
        self._running = running
        self._names = {"CONTENT_TYPE": "Content-Type"}

    def ask(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes, str]:
        named = {self._name(key): value.strip() for key, value in headers.items()}
        try:
            status, told, answer = self._running.ask(body, named)
        except (OSError, http.client.HTTPException) as error:
            return 599, {}, f"{type(error).__name__}: {error}".encode(), self._running.faults()
        return status, told, answer, self._running.faults()

    def _name(self, key: str) -> str:
        return self._names.get(key, key.removeprefix("HTTP_").replace("_", "-"))


@dataclasses.dataclass(frozen=True)
class Heard:
    """All that came back on one connection. ``hung``: it was still open long after the client's end."""

    data: bytes
    hung: bool = False


def sent_all(port: int, cases: Sequence[Sequence[bytes]]) -> list[Heard]:
    """Each case on a connection of its own, in pieces with a pause between them."""
    return asyncio.run(_sent_all(port, cases))


async def _sent_all(port: int, cases: Sequence[Sequence[bytes]]) -> list[Heard]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(pieces: Sequence[bytes]) -> Heard:
        async with places:
            return await _sent(port, pieces)

    return await asyncio.gather(*map(one, cases))


async def _sent(port: int, pieces: Sequence[bytes]) -> Heard:
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), _CONNECT_SECONDS)
    except (OSError, TimeoutError):
        return Heard(b"", hung=True)
    data, hung = b"", False
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if len(pieces) > 1:
                await asyncio.sleep(0.02)
        data = await _until_quiet(reader)
        if writer.can_write_eof():
            writer.write_eof()
        end = asyncio.get_running_loop().time() + READ_SECONDS
        while True:
            left = end - asyncio.get_running_loop().time()
            more = await asyncio.wait_for(reader.read(1 << 16), max(0.01, left))
            if not more:
                break
            data += more
    except TimeoutError:
        hung = True
    except OSError:
        pass  # closed while something was on its way: allowed for what is no HTTP
    finally:
        writer.transport.abort()
    return Heard(data, hung)


async def _until_quiet(reader: asyncio.StreamReader) -> bytes:
    """What comes without a pause; an answer is waited for longer where none has begun."""
    data = b""
    while True:
        try:
            more = await asyncio.wait_for(
                reader.read(1 << 16), _QUIET_SECONDS if data else 2 * _QUIET_SECONDS
            )
        except TimeoutError:
            return data
        if not more:
            return data
        data += more
