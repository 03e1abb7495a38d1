"""The control socket: nobody who asks can hold up the loop, and everybody gets one answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from neuronserve.boot.multimodel import control
from neuronserve.boot.multimodel.control import Control, Done
from neuronserve.errors import NoRoom
from neuronserve.supervise.loop import Loop


class Running:
    """A loop in a thread; ``asked``: what came, with how to answer it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[tuple[bytes, Done]] = []
        self.loop = Loop()
        self.control = Control(self.loop, path, self._handle)
        self._thread = threading.Thread(target=self.loop.run)
        self._thread.start()

    def _handle(self, line: bytes, done: Done) -> None:
        if line == b"wrong":
            raise NoRoom("full", hint="unload")
        if line == b"broken":
            raise ValueError
        self.asked.append((line, done))
        if line == b"now":
            done(None)

    def do(self, what: Callable[[], object]) -> None:
        done = threading.Event()
        self.loop.post(lambda: (what(), done.set()))
        assert done.wait(10)

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10)
        client.connect(str(self.path))
        return client

    def ask(self, *pieces: bytes) -> object:
        with self.connect() as client:
            for piece in pieces:
                client.sendall(piece)
            with client.makefile("rb") as answer:
                return json.loads(answer.read())

    def end(self) -> None:
        self.do(self.control.close)
        self.loop.post(lambda: self.loop.stop(0))
        self._thread.join(10)
        self.loop.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    it = Running(tmp_path / "models.sock")
    yield it
    it.end()


def test_a_line_is_answered_with_a_line(running: Running) -> None:
    assert running.ask(b"now\n") == {"ok": True}
    assert running.ask(b"n", b"o", b"w\nand more") == {"ok": True}
    assert [line for line, _ in running.asked] == [b"now", b"now"]


def test_errors_are_told_with_their_code_and_those_of_ours_with_a_fixed_text(running: Running) -> None:
    assert running.ask(b"wrong\n") == {"ok": False, "code": "no_room", "error": "full", "hint": "unload"}
    assert running.ask(b"broken\n") == {
        "ok": False, "code": "load_failed", "error": "the request failed", "hint": "see the log",
    }  # fmt: skip


def test_a_request_without_an_end_is_refused_when_it_is_too_long(running: Running) -> None:
    answer = running.ask(b"x" * (control.LONGEST + 1))
    assert isinstance(answer, dict)
    assert answer["code"] == "bad_request"


def test_others_are_answered_while_some_wait_and_some_say_nothing(running: Running) -> None:
    silent, waiting = running.connect(), running.connect()
    waiting.sendall(b"later\n")
    assert running.ask(b"now\n") == {"ok": True}
    done = next(done for line, done in running.asked if line == b"later")
    running.do(lambda: done(None))
    assert json.loads(waiting.makefile("rb").read()) == {"ok": True}
    silent.close()
    waiting.close()


def test_an_answer_to_nobody_is_lost_without_harm(running: Running) -> None:
    with running.connect() as client:
        client.sendall(b"later\n")
        assert running.ask(b"now\n") == {"ok": True}
    done = next(done for line, done in running.asked if line == b"later")
    running.do(lambda: done(None))
    running.do(lambda: done(None))
    assert running.ask(b"now\n") == {"ok": True}


def test_the_socket_is_the_owners_alone_and_goes_with_the_service(running: Running) -> None:
    assert running.path.stat().st_mode & 0o777 == 0o600
    running.do(running.control.close)
    assert not running.path.exists()
