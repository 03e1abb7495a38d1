from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuronserve import state as states
from neuronserve.errors import UnknownTarget
from neuronserve.gateway.multimodel.residents import Residents
from neuronserve.modelserver.board import Board, BoardReader
from neuronserve.reservedfile import ReservedFile
from neuronserve.state import Model, Reader, State


def _state(*models: Model) -> State:
    return State("ready", models=models, multi_model=True)


M = Model("m", (1,), url="/m", slot=3, loaded=1)


class Scripted:
    """A reader whose states come one after another; the last one stays."""

    def __init__(self, *found: State) -> None:
        self._found = list(found)

    def current(self) -> State:
        return self._found.pop(0) if len(self._found) > 1 else self._found[0]


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads take turns after a few steps already."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path / "b", models=True)


def test_a_loaded_model_is_held_until_it_is_released(board) -> None:
    residents = Residents(Scripted(_state(M)), board)
    column, state = residents.hold("m")
    assert (column, state.by_name["m"], board.held(3)) == (3, M, 1)
    residents.release(column)
    assert board.held(3) == 0


def test_a_model_that_is_not_loaded_is_refused_and_nothing_is_held(board) -> None:
    with pytest.raises(UnknownTarget, match=r"^Model x is not loaded yet\.$"):
        Residents(Scripted(_state(M)), board).hold("x")
    assert sum(board.holds) == 0


def test_a_model_that_goes_just_before_it_is_held_is_refused(board) -> None:
    with pytest.raises(UnknownTarget):
        Residents(Scripted(_state(M), _state()), board).hold("m")
    assert sum(board.holds) == 0


def test_a_model_that_moved_is_held_where_it_is_now(board) -> None:
    moved = Model("m", (1,), url="/m", slot=9, loaded=2)
    column, state = Residents(Scripted(_state(M), _state(moved)), board).hold("m")
    assert (column, state.by_name["m"].loaded) == (9, 2)
    assert (board.held(3), board.held(9)) == (0, 1)


def test_a_state_that_cannot_be_read_leaves_nothing_held(board) -> None:
    class Broken(Scripted):
        def current(self) -> State:
            if len(self._found) == 1:
                raise PermissionError
            return super().current()

    with pytest.raises(PermissionError):
        Residents(Broken(_state(M), _state(M)), board).hold("m")
    assert sum(board.holds) == 0


@pytest.mark.usefixtures("hurried")
def test_of_requests_and_an_unload_one_always_sees_the_other(tmp_path: Path, board) -> None:
    """What the supervisor does: state without the model, wait for the column to be empty, take it away."""
    path = tmp_path / "state.json"
    loaded, stop, used_after_free = threading.Event(), threading.Event(), []
    states.write(ReservedFile(path), _state())

    def request() -> None:
        residents = Residents(Reader(path), board)
        while not stop.is_set():
            try:
                column, _ = residents.hold("m")
            except UnknownTarget:
                continue
            used_after_free.extend(1 for _ in range(20) if not loaded.is_set())
            residents.release(column)

    threads = [threading.Thread(target=request) for _ in range(4)]
    for thread in threads:
        thread.start()
    reader = BoardReader(tmp_path / "b")
    for _ in range(150):
        loaded.set()
        states.write(ReservedFile(path), _state(M))
        states.write(ReservedFile(path), _state())
        while reader.held(M.slot):
            pass
        loaded.clear()
    stop.set()
    for thread in threads:
        thread.join()
    assert not used_after_free
    assert board.held(M.slot) == 0
