"""Load on a service whose model servers are killed again and again, and what its clients saw.

Every answer is one of: right (200 and the answer that the same body had before), refused (503 with
``Retry-After``), closed (no connection: only after the stop was asked for), or wrong (all else, a
request without an answer in time among it). A service in order has none that is wrong.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import http.client
import itertools
import threading
import time
from collections.abc import Callable, Sequence

import psutil

CLIENTS = 8
PATIENCE_SECONDS = 30.0


@dataclasses.dataclass
class Report:
    """Counts of answers by kind, samples of wrong ones, kills, and the slowest answer in seconds."""

    counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    wrong: list[str] = dataclasses.field(default_factory=list)
    kills: int = 0
    slowest: float = 0.0


def under_fire(
    port: int,
    service_pid: int,
    bodies: Sequence[bytes],
    *,
    seconds: float,
    kill_every: float,
    stop: Callable[[], int],
) -> tuple[Report, int]:
    """Load with JSON ``bodies``, a kill every ``kill_every`` seconds, ``stop()`` under load at the end.

    ``stop`` sends the signal, waits and returns the exit code, which comes back with the report.
    """
    load = _Load(port, bodies)
    load.start()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        load.over.wait(min(kill_every, left))
        if end - time.monotonic() > 0 and _kill_one(service_pid):
            load.report.kills += 1
    load.stopping.set()
    code = stop()
    load.end()
    return load.report, code


class _Load:
    """Clients that each keep a connection and send one body after the other."""

    def __init__(self, port: int, bodies: Sequence[bytes]) -> None:
        self.report = Report()
        self.stopping = threading.Event()  # the stop was asked for
        self.over = threading.Event()
        self._port = port
        self._bodies = bodies
        self._expected = [self._alone(body) for body in bodies]
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._client, args=(n,)) for n in range(CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)

    def _alone(self, body: bytes) -> bytes:
        """The right answer: the one that came before the fire."""
        with contextlib.closing(self._connection()) as connection:
            status, _, content = _ask(connection, body)
        if status != 200:
            raise RuntimeError(f"before the fire: {status} {content!r}")
        return content

    def _client(self, number: int) -> None:
        with contextlib.closing(self._connection()) as connection:
            for turn in itertools.count(number):
                if self.over.is_set():
                    return
                began = time.monotonic()
                kind, note = self._turn(connection, turn % len(self._bodies))
                self._count(kind, note, time.monotonic() - began)
                if kind not in ("right", "wrong"):
                    self.over.wait(0.02)

    def _count(self, kind: str, note: str, seconds: float) -> None:
        with self._lock:
            self.report.counts[kind] += 1
            self.report.slowest = max(self.report.slowest, seconds)
            if kind == "wrong" and len(self.report.wrong) < 10:
                self.report.wrong.append(note)

    def _turn(self, connection: http.client.HTTPConnection, which: int) -> tuple[str, str]:
        fresh = connection.sock is None
        try:
            status, headers, content = _ask(connection, self._bodies[which])
        except (OSError, http.client.HTTPException) as fault:
            connection.close()
            # an idle kept-alive connection may be closed just as a request sets out: HTTP's own race
            closing = not fresh or isinstance(fault, (ConnectionRefusedError, ConnectionResetError))
            return ("closed", "") if self.stopping.is_set() and closing else ("wrong", repr(fault))
        if status == 200 and content == self._expected[which]:
            return "right", ""
        if status == 503 and "retry-after" in headers:
            return ("refused while stopping" if self.stopping.is_set() else "refused"), ""
        return "wrong", f"{status} {content[:300]!r}"


def _ask(connection: http.client.HTTPConnection, body: bytes) -> tuple[int, dict[str, str], bytes]:
    connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content


def _kill_one(service_pid: int) -> bool:
    """SIGKILL to the first model server below the service."""
    for process in psutil.Process(service_pid).children(recursive=True):
        try:
            if any(word.startswith("--grpc_socket_path=") for word in process.cmdline()):
                process.kill()
                return True
        except psutil.NoSuchProcess:
            continue
    return False
