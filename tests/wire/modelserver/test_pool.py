"""The pool before scripted servers: who is asked, how many at once, and who is left out for a while."""

from __future__ import annotations

import collections
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import grpc
import numpy as np
import pytest

from neuronserve import errors
from neuronserve.modelserver import calls, client
from neuronserve.modelserver.board import Board
from neuronserve.modelserver.ejection import AFTER
from neuronserve.modelserver.pool import Asked, Pool
from neuronserve.state import Server

LONG = 20


def request(value: float = 1) -> bytes:
    return calls.predict_request(calls.Spec("m"), {"x": np.array([[value, 2]], np.float32)}, {"x": "float32"})


def nobody(_cancel) -> None:
    pass


def first_of(answer: bytes) -> float:
    return calls.predict_response(answer)[0]["y"][0, 0] / 2


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path / "board")


def of(*scripted, copies: Sequence[int] = ()) -> tuple[Server, ...]:
    many = copies or [1] * len(scripted)
    return tuple(
        Server(i, s if isinstance(s, str) else s.target, "ready", copies=c)
        for i, (s, c) in enumerate(zip(scripted, many, strict=True))
    )


def shares(pool: Pool, servers: Sequence[Server], times: int) -> dict[int, int]:
    """Which servers were asked, one call after the other; errors count as well."""
    counted: collections.Counter[int] = collections.Counter()
    for _ in range(times):
        asked: Asked = {}
        with contextlib.suppress(errors.NeuronserveError):
            pool.call(client.PREDICT, request(), LONG, servers, nobody, asked)
        counted[asked[0]] += 1
    return dict(counted)


def test_equally_busy_servers_take_turns(scripted, board: Board) -> None:
    assert shares(Pool(board), of(scripted(), scripted(), scripted()), 12) == {0: 4, 1: 4, 2: 4}


def test_workers_take_turns_with_each_other(scripted, board: Board, tmp_path: Path) -> None:
    another = Board(tmp_path / "board")
    board.rows, another.slot = 2, 1
    pools, servers = (Pool(board), Pool(another)), of(scripted(), scripted())
    for turn in range(4):
        for pool, expected in zip(pools, (0, 1), strict=True):
            asked: Asked = {}
            pool.call(client.PREDICT, request(), LONG, servers, nobody, asked)
            assert (turn, asked[0]) == (turn, expected)


def test_rows_that_servers_join_go_where_they_complete_a_batch(scripted, board: Board) -> None:
    pool, servers = Pool(board), of(scripted(), scripted())
    for server, flying in zip(servers, (5, 6), strict=True):
        for _ in range(flying):
            board.enter(server.index)
    for joins, expected in ((1, 0), (4, 1)):
        asked: Asked = {}
        pool.call(client.PREDICT, request(), LONG, servers, nobody, asked, joins=joins)
        assert asked == {0: expected}


def test_models_that_share_servers_do_not_upset_each_others_turns(scripted, board: Board) -> None:
    pool, servers = Pool(board), of(scripted(), scripted())
    counted: collections.Counter[int] = collections.Counter()
    for _ in range(6):
        for some in (servers, tuple(reversed(servers))):
            asked: Asked = {}
            pool.call(client.PREDICT, request(), LONG, some, nobody, asked)
            counted[asked[0]] += 1
    assert dict(counted) == {0: 6, 1: 6}


def test_a_server_with_more_copies_may_have_more_in_flight(scripted, board: Board) -> None:
    servers = of(scripted(), scripted(), copies=(1, 4))
    board.enter(0)
    for _ in range(3):
        board.enter(1)  # 3 of 4 are less than 1 of 1
    assert shares(Pool(board), servers, 4) == {1: 4}


def test_the_calls_in_flight_are_counted_before_the_next_server_is_chosen(scripted, board: Board) -> None:
    servers = scripted(), scripted()
    together = threading.Barrier(2)
    for server in servers:
        server.predict = lambda a: (together.wait(LONG), {"y": a["x"]})[1]
    pool = Pool(board)
    threads = [
        threading.Thread(target=pool.call, args=(client.PREDICT, request(), LONG, of(*servers), nobody))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(server.requests) for server in servers] == [1, 1]


def test_parts_are_answered_in_order_by_all_servers(scripted, board: Board) -> None:
    servers = scripted(), scripted(), scripted()
    asked: Asked = {}
    answers = Pool(board).call_all(
        client.PREDICT, [request(i) for i in range(30)], LONG, of(*servers), nobody, asked
    )
    assert [first_of(answer) for answer in answers] == list(range(30))
    assert sum(len(server.requests) for server in servers) == 30
    assert set(asked) == set(range(30))
    assert set(asked.values()) == {0, 1, 2}


def test_parts_run_at_the_same_time(scripted, board: Board) -> None:
    servers = scripted(), scripted()
    together = threading.Barrier(2)
    for server in servers:
        server.predict = lambda a: (together.wait(LONG), {"y": a["x"]})[1]
    assert len(Pool(board).call_all(client.PREDICT, [request()] * 2, LONG, of(*servers), nobody)) == 2


class Made(Sequence[bytes]):
    """Requests that remember how many were made."""

    def __init__(self, count: int) -> None:
        self.made: list[int] = []
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at):
        self.made.append(at)
        return request(at)


def test_one_request_has_no_more_under_way_than_twice_the_copies(scripted, board: Board) -> None:
    one, two = scripted(), scripted()
    one.hold = two.hold = threading.Event()
    requests, servers = Made(100), of(one, two, copies=(1, 2))
    asking = threading.Thread(
        target=Pool(board).call_all, args=(client.PREDICT, requests, LONG, servers, nobody)
    )
    asking.start()
    wait_for(lambda: len(one.requests) + len(two.requests) == 6)
    assert len(requests.made) == 6  # and no other was even made
    assert (board.in_flight(0), board.in_flight(1)) == (2, 4)
    one.hold.set()
    asking.join()
    assert len(requests.made) == 100
    assert (board.in_flight(0), board.in_flight(1)) == (0, 0)
    assert board.completed(0) + board.completed(1) == 100


def test_the_first_fault_of_a_part_cancels_the_others(scripted, board: Board) -> None:
    good, bad, codes = scripted(), scripted(), []
    good.hold = threading.Event()

    def refuse(_arrays):
        good.entered.wait(LONG)
        raise AssertionError("no")

    bad.predict = refuse
    pool = Pool(board, lambda server, code, _seconds: codes.append((server.index, code)))
    with pytest.raises(errors.ModelFailed):
        pool.call_all(client.PREDICT, Made(50), LONG, of(good, bad), nobody)
    assert good.cancelled.wait(LONG)
    assert (board.in_flight(0), board.in_flight(1)) == (0, 0)
    assert {(0, "cancelled"), (1, "model_failed")} <= set(codes)
    assert {code for _, code in codes} == {"cancelled", "model_failed"}  # and no client has left


def test_a_client_that_leaves_cancels_all_parts(scripted, board: Board) -> None:
    servers = scripted(), scripted()
    for server in servers:
        server.hold = threading.Event()
    told: list[Callable[[], None] | None] = []
    leaving = threading.Thread(
        target=lambda: ([s.entered.wait(LONG) for s in servers], told[0] and told[0]())
    )
    leaving.start()
    with pytest.raises(errors.ClientGone):
        Pool(board).call_all(client.PREDICT, Made(50), LONG, of(*servers), told.append)
    leaving.join()
    assert all(server.cancelled.wait(LONG) for server in servers)
    assert told[-1] is None
    assert not board.failures[0]


def test_all_parts_share_one_deadline(scripted, board: Board) -> None:
    server = scripted()
    server.hold = threading.Event()
    with pytest.raises(errors.DeadlineExceeded):
        Pool(board).call_all(client.PREDICT, Made(50), 0.3, of(server), nobody)
    assert server.cancelled.wait(LONG)
    assert len(server.requests) <= 2


def test_a_part_that_could_not_be_sent_goes_to_another_server_once(scripted, board: Board, tmp_path) -> None:
    server = scripted()
    servers = of(f"unix:{tmp_path}/none", server)
    answers = Pool(board).call_all(client.PREDICT, Made(10), LONG, servers, nobody)
    assert [first_of(answer) for answer in answers] == list(range(10))


def test_a_part_that_may_have_arrived_is_not_sent_again(scripted, board: Board) -> None:
    lost, good = scripted(), scripted()
    lost.fail = (grpc.StatusCode.UNAVAILABLE, "Socket closed")
    with pytest.raises(client.Lost):
        Pool(board).call_all(client.PREDICT, Made(2), LONG, of(lost, good), nobody)
    assert len(good.requests) <= 1


def test_no_part_is_sent_without_a_server(board: Board) -> None:
    with pytest.raises(errors.NotReady):
        Pool(board).call_all(client.PREDICT, [b"", b""], LONG, (), nobody)


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS]
)
def test_a_server_that_fails_at_once_is_no_black_hole_and_comes_back(scripted, board: Board, code) -> None:
    bad, good = scripted(), scripted()
    bad.fail = (code, "broken")
    pool, servers = Pool(board), of(bad, good)
    counted = shares(pool, servers, 40)
    assert counted[0] == AFTER
    assert (board.ejected(0), board.ejected(1)) == (True, False)
    bad.fail = None
    board.until[0] = 1  # its time is over
    assert shares(pool, servers, 40)[0] >= 19
    assert not board.ejected(0)


def test_a_server_that_still_fails_gets_one_call_and_stays_away_for_longer(scripted, board: Board) -> None:
    bad, good = scripted(), scripted()
    bad.fail = (grpc.StatusCode.INTERNAL, "broken")
    pool, servers = Pool(board), of(bad, good)
    shares(pool, servers, 10)
    board.until[0] = 1
    before = time.monotonic_ns()
    assert shares(pool, servers, 10) == {0: 1, 1: 9}
    assert board.until[0] - before >= 2_000_000_000


def test_a_server_that_is_gone_is_not_tried_first_for_ever(scripted, board: Board, tmp_path: Path) -> None:
    pool, servers = Pool(board), of(f"unix:{tmp_path}/none", scripted())
    for _ in range(10):
        pool.call(client.PREDICT, request(), LONG, servers, nobody)
    assert board.ejected(0)
    assert board.completed(1) == 10


def test_when_all_fail_the_last_one_is_still_asked(scripted, board: Board) -> None:
    servers = scripted(), scripted()
    for server in servers:
        server.fail = (grpc.StatusCode.INTERNAL, "broken")
    counted = shares(Pool(board), of(*servers), 20)
    assert sum(counted.values()) == 20
    assert [board.ejected(0), board.ejected(1)].count(False) == 1


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.NOT_FOUND,
    ],
)
def test_what_is_the_requests_fault_or_a_full_queue_ejects_nobody(scripted, board: Board, code) -> None:
    servers = scripted(), scripted()
    for server in servers:
        server.fail = (code, "no")
    shares(Pool(board), of(*servers), 10)
    assert (board.ejected(0), board.ejected(1)) == (False, False)
    assert board.completed(0) + board.completed(1) == 10


def test_a_full_batching_queue_is_an_overload_and_no_lost_server(scripted, board: Board) -> None:
    server = scripted()
    server.fail = (
        grpc.StatusCode.UNAVAILABLE,
        "The batch scheduling queue to which this task was submitted is full",
    )
    with pytest.raises(errors.Overloaded):
        Pool(board).call(client.PREDICT, request(), LONG, of(server), nobody)


def test_a_client_that_had_no_patience_says_nothing_about_the_server(scripted, board: Board) -> None:
    server = scripted()
    server.hold = threading.Event()
    pool = Pool(board)
    for _ in range(AFTER):
        with pytest.raises(errors.DeadlineExceeded):
            pool.call(client.PREDICT, request(), 0.05, of(server), nobody)
    assert board.failures[0] == 0
    with pytest.raises(errors.DeadlineExceeded):
        pool.call(client.PREDICT, request(), 1.2, of(server), nobody)
    assert board.failures[0] == 1


def test_a_server_that_was_started_anew_is_asked_at_once(scripted, board: Board) -> None:
    bad, good = scripted(), scripted()
    bad.fail = (grpc.StatusCode.INTERNAL, "broken")
    pool, servers = Pool(board), of(bad, good)
    shares(pool, servers, 10)
    bad.fail = None
    pool.welcome(servers[0])
    assert shares(pool, servers, 10)[0] == 5


def test_each_call_is_told_with_its_server_and_error(scripted, board: Board) -> None:
    server = scripted()
    told: list[tuple[int, str]] = []
    pool = Pool(board, lambda server, code, seconds: told.append((server.index, code)))
    pool.call(client.PREDICT, request(), LONG, of(server), nobody)
    server.fail = (grpc.StatusCode.INTERNAL, "broken")
    with pytest.raises(errors.ModelFailed):
        pool.call(client.PREDICT, request(), LONG, of(server), nobody)
    assert told == [(0, ""), (0, "model_failed")]


def test_channels_are_used_again(scripted, board: Board) -> None:
    server, pool = scripted(), Pool(board)
    for _ in range(5):
        pool.call(client.PREDICT, request(), LONG, of(server), nobody)
    assert len(pool._channels[server.target]._idle) == 1


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def test_while_one_server_has_not_loaded_the_model_the_other_answers(scripted, board: Board) -> None:
    loading, well = scripted(), scripted()
    loading.fail = (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(m)")
    pool, servers = Pool(board), of(loading, well)
    for _ in range(6):
        pool.call(client.PREDICT, request(), LONG, servers, nobody)
    assert board.completed(1) == 6
