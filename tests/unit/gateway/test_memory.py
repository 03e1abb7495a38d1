"""Shares of memory: of one request, of all workers, and of a worker that died."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuronserve.errors import BodyTooLarge, Overloaded
from neuronserve.gateway.memory import Budget, most_for_one
from neuronserve.modelserver.board import Board

MIB = 1 << 20
PLENTY = 1 << 40


def board(folder: Path, slot: int = 0) -> Board:
    made = Board(folder / "board")
    made.rows, made.slot = 4, slot
    return made


def budget(of: Board, total: int = 100 * MIB, most: int = 0) -> Budget:
    return Budget(of, most=most, total=total, available=lambda: PLENTY)


def test_a_request_may_hold_what_there_is_and_gives_it_back(tmp_path: Path) -> None:
    shared = board(tmp_path)
    lease = budget(shared).lease()
    lease.charge("body", 60 * MIB)
    lease.charge("decoding", 40 * MIB)
    assert shared.shares() == 100 * MIB
    lease.charge("decoding", 10 * MIB)  # instead of the 40
    assert shared.shares() == 70 * MIB
    lease.close()
    lease.close()
    assert shared.shares() == 0


def test_what_never_fits_is_too_large_and_what_does_not_fit_now_is_overloaded(tmp_path: Path) -> None:
    shared = board(tmp_path)
    first, second = budget(shared).lease(), budget(shared).lease()
    with pytest.raises(BodyTooLarge, match=r"up to 101 MiB of memory; .* at most 100 MiB"):
        first.charge("body", 101 * MIB)
    first.charge("body", 60 * MIB)
    with pytest.raises(Overloaded):
        second.charge("body", 60 * MIB)
    assert shared.shares() == 60 * MIB  # nothing was taken by those that were refused
    first.close()
    second.charge("body", 60 * MIB)


def test_one_request_has_its_own_limit(tmp_path: Path) -> None:
    most = most_for_one(4 * MIB)
    assert (most, most_for_one(0)) == (96 * MIB, 0)
    lease = budget(board(tmp_path), total=PLENTY, most=most).lease()
    lease.charge("body", 4 * MIB)
    with pytest.raises(BodyTooLarge, match="send numbers as npy"):
        lease.charge("decoding", 93 * MIB)
    lease.charge("decoding", 92 * MIB)


def test_workers_share_one_budget_and_a_dead_ones_share_is_free_again(tmp_path: Path) -> None:
    first, second = board(tmp_path), board(tmp_path, slot=1)
    budget(first).lease().charge("body", 80 * MIB)
    with pytest.raises(Overloaded):
        budget(second).lease().charge("body", 30 * MIB)
    second.clear(first.slot)  # as the process that forked it does
    budget(second).lease().charge("body", 30 * MIB)
    assert first.shares() == second.shares() == 30 * MIB


def test_small_requests_are_not_counted(tmp_path: Path) -> None:
    shared = board(tmp_path)
    lease = budget(shared).lease()
    lease.charge("body", 500_000)
    lease.charge("decoding", 500_000)
    assert shared.shares() == 0
    lease.charge("call", 500_000)
    assert shared.shares() == 1_500_000  # all that it has by then


def test_the_budget_is_what_the_container_has_left_while_nobody_holds_any(tmp_path: Path) -> None:
    now, left = [0.0], [1000 * MIB]
    shared = board(tmp_path)
    told = Budget(shared, available=lambda: left[0], clock=lambda: now[0])
    assert told.total == 900 * MIB  # a tenth is kept
    lease = told.lease()
    lease.charge("body", 10 * MIB)
    now[0], left[0] = 5.0, 500 * MIB
    assert told.total == 900 * MIB  # what is left now is less by what requests hold
    lease.close()
    assert told.total == 436 * MIB  # 64 MiB are kept at least
    now[0], left[0] = 10.0, 0
    assert told.total == 64 * MIB


def test_a_large_step_waits_for_memory_that_others_than_requests_took(tmp_path: Path) -> None:
    lease = Budget(board(tmp_path), total=100 * MIB, available=lambda: 15 * MIB).lease()
    with pytest.raises(Overloaded):
        lease.charge("body", 16 * MIB)
    lease.charge("body", 15 * MIB)
