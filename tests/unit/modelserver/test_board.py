from __future__ import annotations

from pathlib import Path

from neuronserve.modelserver.board import SERVERS, WORKERS, Board


def test_calls_of_all_workers_are_added_up(tmp_path: Path) -> None:
    first, second = Board(tmp_path / "b"), Board(tmp_path / "b")
    first.rows = second.rows = 2
    second.slot = 1
    for board in (first, second, second):
        board.enter(3)
    second.leave(3)
    assert first.in_flight(3) == second.in_flight(3) == 2
    first.clear(1)
    assert first.in_flight(3) == 1


def test_the_file_has_its_room_on_the_disk_from_the_start(tmp_path: Path) -> None:
    Board(tmp_path / "b")
    assert (tmp_path / "b").stat().st_blocks * 512 >= WORKERS * SERVERS * 4
