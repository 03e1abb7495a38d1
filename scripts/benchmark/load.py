"""A load generator that tells right answers from wrong ones, for many more connections than threads.

``closed``: so many connections, each sends again as soon as it is answered. ``planned``: requests set out
at given times whatever became of the others, and a wait for their turn counts (no coordinated omission).
A request costs some 50 µs of CPU here; wrk costs less, and cannot do the second, nor compare answers.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import time
from collections.abc import Sequence

_PAUSE_SECONDS = 0.02  # after a refusal, as a polite client
_PATIENCE_SECONDS = 30.0


@dataclasses.dataclass(frozen=True)
class Request:
    """``expected``: the body of the right answer; None: any answer with status 200 is right."""

    port: int
    body: bytes
    expected: bytes | None = None
    content_type: str = "application/json"

    @property
    def wire(self) -> bytes:
        return (
            f"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: {self.content_type}"
            f"\r\nContent-Length: {len(self.body)}\r\n\r\n"
        ).encode() + self.body


@dataclasses.dataclass
class Outcome:
    """What came back within the measured ``seconds``.

    ``latencies``: seconds of each right answer. ``counts``: ``right``, ``wrong`` (200 and another body),
    other statuses by number, ``503 without Retry-After``, ``broken`` connections.
    """

    seconds: float
    latencies: list[float] = dataclasses.field(default_factory=list)
    counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    @property
    def rate(self) -> float:
        """Right answers per second."""
        return self.counts["right"] / self.seconds

    @property
    def errors(self) -> dict[str, int]:
        return {kind: count for kind, count in self.counts.items() if kind != "right"}


def closed(requests: Sequence[Request], connections: int, seconds: float, *, lead: float = 0.5) -> Outcome:
    """``connections`` clients for ``lead`` + ``seconds``; answers of the last ``seconds`` count.

    Client k sends request k again and again, or k modulo their number.
    """
    return asyncio.run(_closed(requests, connections, seconds, lead))


def planned(requests: Sequence[Request], plan: Sequence[float], *, lead: float = 0.0) -> Outcome:
    """A request at each time of ``plan`` (seconds from now, ascending); those from ``lead`` on count.

    They take turns. Latencies are in the plan's order.
    """
    return asyncio.run(_planned(requests, plan, lead))


async def ask(client: Client, request: Request) -> str:
    """Send it; the kind of its answer, as ``Outcome.counts`` has them."""
    try:
        status, again, body = await asyncio.wait_for(client.ask(request.wire), _PATIENCE_SECONDS)
    except (OSError, EOFError, TimeoutError):
        client.close()
        return "broken"
    if status == 503 and not again:
        return "503 without Retry-After"
    if status != 200:
        return str(status)
    return "right" if request.expected in (None, body) else "wrong"


async def _closed(requests: Sequence[Request], connections: int, seconds: float, lead: float) -> Outcome:
    found = Outcome(seconds)
    begin = time.monotonic() + lead
    end = begin + seconds

    async def one(request: Request) -> None:
        client = Client(request.port)
        while (sent := time.monotonic()) < end:
            kind = await ask(client, request)
            now = time.monotonic()
            if begin <= now < end:
                found.counts[kind] += 1
                if kind == "right":
                    found.latencies.append(now - sent)
            if kind != "right":
                await asyncio.sleep(_PAUSE_SECONDS)
        client.close()

    await asyncio.gather(*(one(requests[k % len(requests)]) for k in range(connections)))
    return found


async def _planned(requests: Sequence[Request], plan: Sequence[float], lead: float) -> Outcome:
    found = Outcome(plan[-1] - lead if plan else 0.0)
    idle: list[Client] = []
    taken: dict[int, float] = {}
    begin = time.monotonic()

    async def one(turn: int, due: float) -> None:
        request = requests[turn % len(requests)]
        client = idle.pop() if idle else Client(request.port)
        kind = await ask(client, request)
        idle.append(client)
        if plan[turn] >= lead:
            found.counts[kind] += 1
            if kind == "right":
                taken[turn] = time.monotonic() - due

    under_way = []
    for turn, at in enumerate(plan):
        due = begin + at
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        under_way.append(asyncio.create_task(one(turn, due)))
    await asyncio.gather(*under_way)
    for client in idle:
        client.close()
    found.latencies = [taken[turn] for turn in sorted(taken)]
    return found


class Client:
    """One connection, opened when first needed and after a fault, that asks one thing at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._protocol: _Protocol | None = None

    async def ask(self, wire: bytes) -> tuple[int, bool, bytes]:
        protocol = self._protocol
        if protocol is None or protocol.lost:
            loop = asyncio.get_running_loop()
            _, protocol = await loop.create_connection(_Protocol, "127.0.0.1", self._port)
            self._protocol = protocol
        return await protocol.ask(wire)

    def close(self) -> None:
        if self._protocol is not None:
            self._protocol.close()
            self._protocol = None


class _Protocol(asyncio.Protocol):
    """HTTP/1.1 as nginx answers it here: a head with a Content-Length, and a body."""

    def __init__(self) -> None:
        self.lost = False
        self._data = b""
        self._answer: asyncio.Future[tuple[int, bool, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  what create_connection makes
        self._transport = transport

    def ask(self, wire: bytes) -> asyncio.Future[tuple[int, bool, bytes]]:
        self._data = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(wire)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, blank, body = self._data.partition(b"\r\n\r\n")
        if blank and len(body) >= _length(head) and self._answer and not self._answer.done():
            self.lost = b"\r\nConnection: close" in head
            self._answer.set_result((int(head[9:12]), b"\r\nRetry-After:" in head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or EOFError("the connection was closed"))

    def close(self) -> None:
        self.lost = True
        self._transport.close()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0] or 0)
