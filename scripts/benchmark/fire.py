"""Load on a service whose model servers are killed again and again, and what its clients saw.

Every answer is one of: right (200 and the answer that the same body had before), refused (503 with
``Retry-After``), closed (no connection: only after the stop was asked for), or wrong (all else, a
request without an answer in time among it). A service in order has none that is wrong.
"""

from __future__ import annotations

import collections
import dataclasses
import http.client
import itertools
import os
import signal
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
    content_type: str = "application/json",
) -> tuple[Report, int]:
    """Run the load, kill a model server every ``kill_every`` seconds, ``stop()`` under load at the end.

    ``stop`` sends the signal, waits and returns the exit code, which comes back with the report.
    """
    headers = {"Content-Type": content_type}
    expected = [
        _ask(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS), b, headers)
        for b in bodies
    ]
    if any(status != 200 for status, _, _ in expected):
        raise RuntimeError(f"before the fire: {expected[0]}")
    report, lock = Report(), threading.Lock()
    stopping, over = threading.Event(), threading.Event()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        for turn in itertools.count(number):
            if over.is_set():
                return
            which = turn % len(bodies)
            began = time.monotonic()
            kind, note = _kind(connection, bodies[which], headers, expected[which][2], stopping)
            took = time.monotonic() - began
            with lock:
                report.counts[kind] += 1
                report.slowest = max(report.slowest, took)
                if kind == "wrong" and len(report.wrong) < 10:
                    report.wrong.append(note)
            if kind not in ("right", "wrong"):
                over.wait(0.02)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        over.wait(min(kill_every, left))
        if end - time.monotonic() > 0 and _kill_one(service_pid):
            report.kills += 1
    stopping.set()
    code = stop()
    over.set()
    for thread in threads:
        thread.join()
    return report, code


def _ask(
    connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]
) -> tuple[int, dict[str, str], bytes]:
    connection.request("POST", "/invocations", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content


def _kind(
    connection: http.client.HTTPConnection,
    body: bytes,
    headers: dict[str, str],
    expected: bytes,
    stopping: threading.Event,
) -> tuple[str, str]:
    fresh = connection.sock is None
    try:
        status, got, content = _ask(connection, body, headers)
    except ConnectionRefusedError:
        connection.close()
        return ("closed", "") if stopping.is_set() else ("wrong", "connection refused")
    except (OSError, http.client.HTTPException) as fault:
        connection.close()
        # an idle kept-alive connection may be closed just as a request sets out: HTTP's own race
        if stopping.is_set() and (not fresh or isinstance(fault, ConnectionResetError)):
            return "closed", ""
        return "wrong", repr(fault)
    if status == 200 and content == expected:
        return "right", ""
    if status == 503 and "retry-after" in got:
        return ("refused while stopping" if stopping.is_set() else "refused"), ""
    return "wrong", f"{status} {content[:300]!r}"


def _kill_one(service_pid: int) -> bool:
    """SIGKILL to the first model server below the service."""
    for process in psutil.Process(service_pid).children(recursive=True):
        try:
            if any(word.startswith("--grpc_socket_path=") for word in process.cmdline()):
                os.kill(process.pid, signal.SIGKILL)
                return True
        except psutil.NoSuchProcess:
            continue
    return False
