from __future__ import annotations

import threading
from pathlib import Path

from neuronserve.modelserver.board import HOLDS, MODELS, SERVERS, SIZE, WORKERS, Board, BoardReader


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


def test_the_last_server_and_worker_have_cells_of_their_own(tmp_path: Path) -> None:
    board = Board(tmp_path / "b")
    board.rows, board.slot = WORKERS, WORKERS - 1
    board.enter(SERVERS - 1)
    board.enter(SERVERS - 1)
    board.leave(SERVERS - 1, answered=True)
    board.until[SERVERS - 1] = board.ejections[SERVERS - 1] = board.failures[SERVERS - 1] = 7
    assert (board.in_flight(SERVERS - 1), board.completed(SERVERS - 1)) == (1, 1)
    assert (board.in_flight(0), board.completed(0), board.ejected(0), board.rows) == (0, 0, False, WORKERS)


def test_answers_are_counted_and_failures_are_not(tmp_path: Path) -> None:
    board = Board(tmp_path / "b")
    for answered in (True, False, True):
        board.enter(1)
        board.leave(1, answered=answered)
    assert (board.completed(1), board.in_flight(1)) == (2, 0)


def test_answers_of_a_worker_that_died_stay_counted_and_its_successor_goes_on(tmp_path: Path) -> None:
    worker = Board(tmp_path / "b")
    worker.enter(1)
    worker.leave(1, answered=True)
    worker.enter(1)
    parent = Board(tmp_path / "b")
    parent.clear(0)
    assert (parent.completed(1), parent.in_flight(1)) == (1, 0)
    successor = Board(tmp_path / "b")
    successor.enter(1)
    successor.leave(1, answered=True)
    assert parent.completed(1) == 2


def test_threads_of_one_worker_lose_no_count(tmp_path: Path) -> None:
    board = Board(tmp_path / "b")

    def work() -> None:
        for _ in range(2000):
            board.enter(0)
            board.leave(0, answered=True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (board.in_flight(0), board.completed(0)) == (0, 8000)


def test_the_file_has_its_room_on_the_disk_from_the_start(tmp_path: Path) -> None:
    Board(tmp_path / "b")
    assert (tmp_path / "b").stat().st_blocks * 512 >= SIZE


def test_a_reader_is_there_before_the_file_and_sees_what_workers_write(tmp_path: Path) -> None:
    reader = BoardReader(tmp_path / "b")
    assert (reader.in_flight(0), reader.completed(0), reader.ejected(0)) == (0, 0, False)
    (tmp_path / "b").touch()  # it is being made
    assert reader.completed(0) == 0
    board = Board(tmp_path / "b")
    board.rows = 3
    board.slot = 2
    board.enter(0)
    board.enter(0)
    board.leave(0, answered=True)
    board.until[0] = 1
    assert (reader.in_flight(0), reader.completed(0), reader.ejected(0)) == (1, 1, True)


def test_a_reader_follows_a_replaced_file_and_its_answers_never_fall(tmp_path: Path) -> None:
    reader, board = BoardReader(tmp_path / "b"), Board(tmp_path / "b")
    for _ in range(3):
        board.enter(5)
        board.leave(5, answered=True)
    board.enter(5)
    assert (reader.completed(5), reader.in_flight(5)) == (3, 1)
    (tmp_path / "b").unlink()
    assert reader.completed(5) == 3
    replaced = Board(tmp_path / "b")
    assert (reader.completed(5), reader.in_flight(5)) == (3, 0)
    replaced.enter(5)
    replaced.leave(5, answered=True)
    assert reader.completed(5) == 4


def test_requests_of_all_workers_for_a_model_are_added_up_and_models_do_not_mix(tmp_path: Path) -> None:
    first, second = (Board(tmp_path / "b", models=True) for _ in range(2))
    first.rows = second.rows = 2
    second.slot = 1
    for board, model in ((first, 7), (second, 7), (second, 7), (second, 8)):
        board.hold(model)
    assert [first.held(model) for model in (6, 7, 8, 9)] == [0, 3, 1, 0]
    second.release(7)
    assert BoardReader(tmp_path / "b").held(7) == 2


def test_a_dead_workers_requests_hold_no_model_any_more(tmp_path: Path) -> None:
    parent, worker = (Board(tmp_path / "b", models=True) for _ in range(2))
    worker.rows, worker.slot = WORKERS, WORKERS - 1
    for model in (0, MODELS - 1, MODELS - 1):
        worker.hold(model)
    parent.hold(0)
    reader = BoardReader(tmp_path / "b")
    assert (reader.held(0), reader.held(MODELS - 1)) == (2, 2)
    parent.clear(WORKERS - 1)
    assert (reader.held(0), reader.held(MODELS - 1)) == (1, 0)


def test_holding_a_model_leaves_the_servers_tables_alone(tmp_path: Path) -> None:
    board = Board(tmp_path / "b", models=True)
    board.rows = WORKERS
    board.enter(SERVERS - 1)
    board.hold(0)
    board.clear(1)
    assert (board.in_flight(SERVERS - 1), board.completed(SERVERS - 1), board.held(0)) == (1, 0, 1)


def test_only_a_multi_model_endpoint_pays_for_the_table_of_models(tmp_path: Path) -> None:
    Board(tmp_path / "one")
    Board(tmp_path / "many", models=True)
    assert [(tmp_path / name).stat().st_size for name in ("one", "many")] == [SIZE, SIZE + HOLDS]
    assert (tmp_path / "many").stat().st_blocks * 512 >= SIZE + HOLDS
    assert BoardReader(tmp_path / "one").held(3) == BoardReader(tmp_path / "none").held(3) == 0


def test_a_reader_that_came_while_the_file_was_made_sees_the_models_too(tmp_path: Path) -> None:
    reader, half = BoardReader(tmp_path / "b"), Board(tmp_path / "b")
    half.enter(0)
    half.leave(0, answered=True)
    assert (reader.completed(0), reader.held(0)) == (1, 0)
    Board(tmp_path / "b", models=True).hold(0)
    assert (reader.completed(0), reader.held(0)) == (1, 1)


def test_threads_of_one_worker_lose_no_hold(tmp_path: Path) -> None:
    board = Board(tmp_path / "b", models=True)

    def work() -> None:
        for _ in range(2000):
            board.hold(5)
            board.release(5)
        board.hold(5)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert board.held(5) == 4


def test_a_file_of_the_gateway_before_is_taken_over_with_its_answers_alone(tmp_path: Path) -> None:
    before = Board(tmp_path / "b", models=True)
    before.rows = 3
    before.enter(1)
    before.enter(1)
    before.leave(1, answered=True)
    before.hold(4)
    before.until[1] = before.failures[1] = 9
    inode = (tmp_path / "b").stat().st_ino
    board = Board(tmp_path / "b", models=True)
    assert (tmp_path / "b").stat().st_ino == inode
    assert (board.completed(1), board.in_flight(1), board.held(4)) == (1, 0, 0)
    assert (board.ejected(1), board.failures[1]) == (False, 0)
