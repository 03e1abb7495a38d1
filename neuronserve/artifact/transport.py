"""Exchanges with a store, each bounded in time and in size, whatever the store does.

A socket's timeout bounds the pause between two bytes, so a store that drips, a name that is never resolved
and an error document without an end would hold a start for ever. Here a call has ``ANSWER_SECONDS`` to bring
an answer, an answer that is read whole (an error, a page of a listing) has a size, and the bytes of an object
have a pace: ``PACE`` bytes in ``PACE_SECONDS``, else the try is over and the next one goes on from there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from neuronserve.artifact.retry import Transient
from neuronserve.errors import TransferError

T = TypeVar("T")
CONNECT_SECONDS = 5
READ_SECONDS = 20  # the longest pause between two bytes
ANSWER_SECONDS = 60.0  # names, connections, TLS, credentials and the head of the answer together
PACE_SECONDS = 20.0
PACE = 64 << 10
_MOST = 16 << 20  # bytes of a document: a page of a listing with the longest keys has 4 MiB
_PORTION = 128 << 10
_NETWORK = "check the network: DNS, security groups, the VPC's S3 endpoint, AWS_ENDPOINT_URL, proxies"


def within(call: Callable[[], T], what: str, seconds: float | None = None) -> T:
    """The value of ``call``, or Transient after ``seconds``: it then goes on alone, and nobody waits for it.

    A thread, because the resolver of the C library can be bounded by nothing else.
    """
    seconds = ANSWER_SECONDS if seconds is None else seconds
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001  raised again by the one who waits
            failure.append(error)

    thread = threading.Thread(target=run, name="exchange", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise Transient(TransferError(f"{what}: no answer within {seconds:g} s", hint=_NETWORK))
    return outcome[0]


def bound_documents(client: Any) -> None:
    """From now on each answer that this client reads whole has a bounded size.

    And one that botocore cannot make sense of is closed: it leaves the connection open until the garbage
    collector comes by.
    """
    session = client._endpoint.http_session  # noqa: SLF001  botocore has no other way to its connections
    latest = threading.local()

    def send(request: Any, **_: Any) -> Any:
        request.stream_output = True  # else it is read in there, before anybody can bound it
        answer = session.send(request)
        answer.raw = latest.raw = _Bounded(answer.raw)
        return answer

    def leave(**_: Any) -> None:
        raw = getattr(latest, "raw", None)
        if raw is not None:
            raw.close()

    client.meta.events.register("before-send", send)
    client.meta.events.register("after-call-error", leave)


class _Bounded:
    """urllib3's response, whose ``stream`` (by which documents are read whole) ends somewhere."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        left, end = _MOST, time.monotonic() + ANSWER_SECONDS
        while data := self._raw.read1(_PORTION):
            left -= len(data)
            if left < 0 or time.monotonic() > end:
                self._raw.close()
                raise TransferError(
                    f"the store's answer does not end: {_MOST - left:,} bytes came of what should be a "
                    "short document",
                    hint="check AWS_ENDPOINT_URL and the proxies: what answers there is no S3",
                )
            yield data


def close(stream: Any) -> None:
    """Leaves a body, read or not, and its connection."""
    stream.close()
    stream.__enter__().release_conn()


class Body:
    """The bytes of one answer, ``size`` of them, at a pace. Raises what urllib3 raises, or Transient."""

    def __init__(self, stream: Any, size: int, what: str) -> None:
        self._stream = stream
        self._raw = stream.__enter__()  # botocore's own reads wait until all that was asked for is there
        self._left = size
        self._what = what
        self._since = time.monotonic()
        self._brought = 0
        self._failure: Exception | None = None

    def read(self, size: int) -> bytes:
        """``size`` bytes, fewer only at the end or before an error, which the next call raises."""
        size = min(size, self._left)
        portions: list[bytes] = []
        try:
            while size:
                if self._failure is not None:
                    raise self._failure
                data = self._raw.read1(min(size, _PORTION))
                if not data:
                    break
                portions.append(data)
                size -= len(data)
                self._keep_pace(len(data))
        except Exception as error:
            if not portions:
                raise
            self._failure = error
        whole = portions[0] if len(portions) == 1 else b"".join(portions)
        self._left -= len(whole)
        return whole

    def close(self) -> None:
        close(self._stream)

    def _keep_pace(self, count: int) -> None:
        self._brought += count
        now = time.monotonic()
        if now - self._since < PACE_SECONDS:
            return
        if self._brought < PACE:
            pace = f"{self._brought:,} bytes in {now - self._since:.0f} s"
            raise Transient(TransferError(f"{self._what}: the transfer stalled: {pace}", hint=_NETWORK))
        self._since, self._brought = now, 0
