from __future__ import annotations

from pathlib import Path

import pytest

from neuronserve.modelserver.board import Board
from neuronserve.modelserver.ejection import AFTER, Ejection

SECOND = 1_000_000_000
BOTH = (0, 1)


class Clock:
    def __init__(self) -> None:
        self.now = 5 * SECOND

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path / "b")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ejection(board: Board, clock: Clock) -> Ejection:
    return Ejection(board, clock)


def fail(ejection: Ejection, times: int = AFTER, server: int = 0) -> None:
    for _ in range(times):
        ejection.failed(server, BOTH)


def test_failures_in_a_row_eject_for_a_second(ejection: Ejection, board: Board, clock: Clock) -> None:
    fail(ejection, AFTER - 1)
    assert not board.ejected(0)
    fail(ejection, 1)
    assert board.ejected(0)
    assert not ejection.tries(0)
    clock.forward(1.01)
    assert ejection.tries(0)


def test_an_answer_between_failures_is_a_new_count(ejection: Ejection, board: Board) -> None:
    for _ in range(4):
        fail(ejection, AFTER - 1)
        ejection.answered(0)
    assert not board.ejected(0)


def test_one_call_is_let_through_when_the_time_is_over(ejection: Ejection, clock: Clock) -> None:
    fail(ejection)
    clock.forward(1.01)
    assert [ejection.tries(0) for _ in range(3)] == [True, False, False]


def test_each_failure_that_follows_doubles_the_time_up_to_a_bound(ejection: Ejection, clock: Clock) -> None:
    fail(ejection)
    waited = []
    for _ in range(7):
        seconds = 0.0
        while not ejection.tries(0):
            clock.forward(0.5)
            seconds += 0.5
        waited.append(seconds)
        ejection.failed(0, BOTH)
    assert waited == [1, 2, 4, 8, 16, 30, 30]


def test_an_answer_ends_it_and_the_next_time_is_short_again(
    ejection: Ejection, board: Board, clock: Clock
) -> None:
    fail(ejection)
    clock.forward(1.01)
    ejection.tries(0)
    ejection.answered(0)
    assert not board.ejected(0)
    fail(ejection)
    clock.forward(1.01)
    assert ejection.tries(0)


def test_a_call_that_never_ends_lets_another_through_in_time(ejection: Ejection, clock: Clock) -> None:
    fail(ejection)
    clock.forward(1.01)
    assert ejection.tries(0)
    clock.forward(2.01)
    assert ejection.tries(0)


def test_late_failures_of_calls_that_were_sent_before_do_not_lengthen_it(
    ejection: Ejection, clock: Clock
) -> None:
    fail(ejection, AFTER + 10)
    clock.forward(1.01)
    assert ejection.tries(0)


def test_the_last_server_of_a_model_is_never_ejected(ejection: Ejection, board: Board) -> None:
    for _ in range(AFTER * 2):
        ejection.failed(0, (0,))
    assert not board.ejected(0)
    fail(ejection, server=0)
    fail(ejection, server=1)
    assert (board.ejected(0), board.ejected(1)) == (True, False)


def test_what_one_worker_finds_out_all_know(tmp_path: Path, clock: Clock) -> None:
    first, second = Board(tmp_path / "b"), Board(tmp_path / "b")
    fail(Ejection(first, clock), AFTER - 1)
    fail(Ejection(second, clock), 1)
    assert first.ejected(0)
    assert not Ejection(first, clock).tries(0)


def test_a_process_that_was_started_anew_is_not_held_to_the_last_ones_failures(
    ejection: Ejection, board: Board
) -> None:
    fail(ejection)
    ejection.forget(0)
    assert not board.ejected(0)
    fail(ejection, AFTER - 1)
    assert not board.ejected(0)


def test_an_ejection_that_an_answer_overtook_is_ended_by_the_next_answer(
    ejection: Ejection, board: Board
) -> None:
    fail(ejection)
    board.failures[0] = 0  # as a race between two workers may leave it
    ejection.answered(0)
    assert not board.ejected(0)
