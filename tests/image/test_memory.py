"""A container of 1 GiB is asked with bodies that unpack to 100 MiB, as the default settings let them."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from container import Container, predict

from tests import bombs

_MIB = 1 << 20
_AT_ONCE = 24
_KINDS = ("lines of objects", "CSV of one number", "rows of one number", "CSV of quotes")
_GATEWAY = (
    "import os,pathlib;"
    "print(sorted(p.parent.name for p in pathlib.Path('/proc').glob('[0-9]*/cmdline')"
    " if p.parent.name != str(os.getpid())"
    " and (b'wsgi:app' in p.read_bytes() or b'grpc_socket_path' in p.read_bytes())))"
)


@pytest.fixture
def small(run: Callable[..., Container], model: Path) -> Container:
    """A container that the engine holds to 1 GiB."""
    limited = ("--memory", "1g", "--memory-swap", "1g")
    try:
        container = run("-v", f"{model}:/opt/ml/model:ro", "-p", "127.0.0.1::8080", *limited)
    except AssertionError as fault:
        pytest.skip(f"the engine cannot limit memory here: {fault}")
    container.wait_ready()
    return container


def processes(container: Container) -> str:
    """The process ids of gunicorn, its workers, and the model servers."""
    return container.exec("python", "-c", _GATEWAY).stdout


def send(port: int, kind: str, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST", "/invocations", body, {**bombs.GZIP, "Content-Type": kind})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def test_two_dozen_bombs_at_once_kill_no_process_and_stop_no_honest_request(small: Container) -> None:
    before, port = processes(small), small.port
    texts = bombs.texts(99 * _MIB)
    sent = [(texts[name][0], bombs.packed(texts[name][1])) for name in _KINDS]
    statuses: list[int] = []

    def bomb(at: int) -> None:
        statuses.append(send(port, *sent[at % len(sent)]))

    threads = [threading.Thread(target=bomb, args=(at,)) for at in range(_AT_ONCE)]
    for thread in threads:
        thread.start()
    honest = set()
    while any(thread.is_alive() for thread in threads):
        honest.add(predict(port, [1.0, 2.0, 5.0])[0])
    assert honest == {200}
    assert len(statuses) == _AT_ONCE
    assert set(statuses) <= {200, 400, 413, 503}
    assert processes(small) == before
    assert predict(port, [1.0, 2.0, 5.0])[0] == 200
