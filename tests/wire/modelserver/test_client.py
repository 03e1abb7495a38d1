from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path

import grpc
import numpy as np
import pytest

from neuronserve import errors
from neuronserve.modelserver import calls, client
from neuronserve.modelserver.board import Board
from neuronserve.modelserver.pool import Pool
from neuronserve.modelserver.probe import Probe, Readiness
from neuronserve.state import Server


def request() -> bytes:
    return calls.predict_request(calls.Spec("m"), {"x": np.array([[1, 2]], np.float32)}, {"x": "float32"})


def nobody(_cancel) -> None:
    pass


def test_arrays_go_there_and_back(scripted) -> None:
    server = scripted()
    answer, version = calls.predict_response(client.Client(server.target).call(client.PREDICT, request(), 5))
    assert answer["y"].tolist() == [[2, 4]]
    assert version == 1


def test_the_deadline_reaches_the_model_server(scripted) -> None:
    server = scripted()
    client.Client(server.target).call(client.PREDICT, request(), 7)
    assert 5 < server.deadlines[0] < 7.5  # gRPC rounds


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, errors.InputMismatch),
        (grpc.StatusCode.FAILED_PRECONDITION, errors.ModelFailed),
        (grpc.StatusCode.NOT_FOUND, errors.UnknownTarget),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, errors.Overloaded),
        (grpc.StatusCode.UNAVAILABLE, errors.NotReady),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.DeadlineExceeded),
        (grpc.StatusCode.INTERNAL, errors.ModelFailed),
        (grpc.StatusCode.UNKNOWN, errors.ModelFailed),
    ],
)
def test_each_grpc_code_has_its_error(scripted, code: grpc.StatusCode, expected: type[Exception]) -> None:
    server = scripted()
    server.fail = (code, "first line\nsecond line with {{node x}}")
    with pytest.raises(expected) as caught:
        client.Client(server.target).call(client.PREDICT, request(), 5)
    assert "second line" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        # TensorFlow Serving, core/basic_manager.cc: a model that it has not loaded yet, or no more
        (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(m)"),
        (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Specific(m, 3)"),
        (grpc.StatusCode.UNAVAILABLE, "The models are still being loaded"),
    ],
)
def test_a_server_that_has_not_loaded_the_model_yet_is_not_ready(scripted, code, text) -> None:
    server = scripted()
    server.fail = (code, text)
    with pytest.raises(errors.NotReady) as caught:
        client.Client(server.target).call(client.PREDICT, request(), 5)
    assert isinstance(caught.value, client.Unsent)  # nothing was run: another server may be asked


def test_an_error_without_words_is_still_the_error_of_its_code(scripted) -> None:
    server = scripted()
    server.fail = (grpc.StatusCode.INVALID_ARGUMENT, " \n ")
    with pytest.raises(errors.InputMismatch, match="no reason given"):
        client.Client(server.target).call(client.PREDICT, request(), 5)


def test_a_slow_server_is_given_up_at_the_deadline(scripted) -> None:
    server = scripted()
    server.hold = threading.Event()
    with pytest.raises(errors.DeadlineExceeded):
        client.Client(server.target).call(client.PREDICT, request(), 0.2)
    assert server.cancelled.wait(5)


def test_a_server_that_is_not_there_was_never_sent_anything(tmp_path: Path) -> None:
    with pytest.raises(client.Unsent):
        client.Client(f"unix:{tmp_path}/none").call(client.PREDICT, request(), 5)


def test_a_call_is_cancelled_from_another_thread_and_the_channel_opens_anew(scripted) -> None:
    server = scripted()
    server.hold = threading.Event()
    one = client.Client(server.target)
    channel = one.channel()
    canceller = threading.Thread(target=lambda: (server.entered.wait(5), channel.cancel()))
    canceller.start()
    with pytest.raises(errors.ClientGone):
        one.call(client.PREDICT, request(), 30)
    canceller.join()
    assert server.cancelled.wait(5)
    server.hold = None
    assert one.call(client.PREDICT, request(), 5)


def test_a_call_whose_client_went_away_before_it_began_is_never_sent(scripted, tmp_path: Path) -> None:
    server = scripted()
    pool, servers = Pool(Board(tmp_path / "board")), (Server(0, server.target, "ready"),)

    def gone(cancel) -> None:
        if cancel is not None:
            cancel()

    with pytest.raises(errors.ClientGone):
        pool.call(client.PREDICT, request(), 5, servers, gone)
    assert not server.requests
    assert pool.call(client.PREDICT, request(), 5, servers, nobody)


def test_a_call_goes_to_the_other_server_when_the_first_cannot_be_reached(scripted, tmp_path: Path) -> None:
    server = scripted()
    pool = Pool(Board(tmp_path / "board"))
    servers = (Server(0, f"unix:{tmp_path}/none", "ready"), Server(1, server.target, "ready"))
    assert pool.call(client.PREDICT, request(), 5, servers, nobody)


def test_a_request_that_may_have_arrived_is_never_sent_again(scripted, tmp_path: Path) -> None:
    first, second = scripted(), scripted()
    first.fail = (grpc.StatusCode.UNAVAILABLE, "Socket closed")
    pool = Pool(Board(tmp_path / "board"))
    servers = (Server(0, first.target, "ready"), Server(1, second.target, "ready"))
    with pytest.raises(errors.NotReady):
        pool.call(client.PREDICT, request(), 5, servers, nobody)
    assert not second.requests


def test_the_least_busy_server_over_all_workers_is_chosen(scripted, tmp_path: Path) -> None:
    first, second = scripted(), scripted()
    board, another_worker = Board(tmp_path / "board"), Board(tmp_path / "board")
    board.rows = another_worker.rows = 2
    another_worker.slot = 1
    another_worker.enter(0)
    servers = (Server(0, first.target, "ready"), Server(1, second.target, "ready"))
    Pool(board).call(client.PREDICT, request(), 5, servers, nobody)
    assert (len(first.requests), len(second.requests)) == (0, 1)


def test_a_dead_workers_calls_are_forgotten(tmp_path: Path) -> None:
    board = Board(tmp_path / "board")
    board.enter(3)
    board.clear(0)
    assert board.in_flight(3) == 0


def test_without_a_server_the_pool_says_not_ready(tmp_path: Path) -> None:
    with pytest.raises(errors.NotReady):
        Pool(Board(tmp_path / "board")).call(client.PREDICT, request(), 5, (), nobody)


def test_a_probe_tells_ready_from_loading_from_silent(scripted, tmp_path: Path) -> None:
    server = scripted()
    probe = Probe(server.target)
    assert probe.available({"m": (1,)}, 5) == Readiness(ready=True)
    assert probe.available({"m": (2,)}, 5) == Readiness(ready=False)
    assert probe.available({}, 5) == Readiness(ready=True)
    assert Probe(f"unix:{tmp_path}/none").available({"m": (1,)}, 1) == Readiness(ready=False, answered=False)


class _SlowToGreet:
    """A way to a server that is not there at once for those who connect: its machine had no CPU for it."""

    SECONDS = 0.5  # longer than gRPC's first back-off, shorter than the patience with a server

    def __init__(self, place: Path, to: Path) -> None:
        self._to = to
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(place))
        self._listener.listen()
        self._ends: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        client_end, _ = self._listener.accept()
        time.sleep(self.SECONDS)
        server_end = socket.socket(socket.AF_UNIX)
        server_end.connect(str(self._to))
        self._ends = [client_end, server_end]
        there = threading.Thread(target=self._pass, args=(client_end, server_end))
        there.start()
        self._pass(server_end, client_end)
        there.join()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for end in (self._listener, *self._ends):
            end.close()


def test_a_server_that_greets_half_a_second_late_is_waited_for(scripted, tmp_path: Path) -> None:
    server = scripted()
    place = tmp_path / "late.sock"
    slow = _SlowToGreet(place, Path(server.target.removeprefix("unix:")))
    channel = client.Channel(f"unix:{place}")
    try:
        assert channel.call(client.PREDICT, request(), 30)
    finally:
        channel.cancel()
        slow.close()
