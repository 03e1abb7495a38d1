from __future__ import annotations

from pathlib import Path

from neuronserve import state
from neuronserve.state import Model, Reader, Server, State


def test_a_state_comes_back_from_its_file_as_it_was_written(tmp_path: Path) -> None:
    written = State(
        "degraded",
        "x",
        "d",
        (Server(0, "unix:/a", "ready", 2, 7, 8501),),
        (Model("m", (1, 2)),),
        "m",
        "cpu",
        5.0,
        3,
    )
    state.write(tmp_path / "state.json", written)
    assert Reader(tmp_path / "state.json").current() == written


def test_a_reader_says_starting_before_there_is_a_file(tmp_path: Path) -> None:
    assert Reader(tmp_path / "state.json").current().state == state.STARTING


def test_a_reader_sees_each_change_and_parses_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    reader = Reader(path)
    state.write(path, State("starting"))
    first = reader.current()
    assert reader.current() is first
    state.write(path, State("ready"))
    assert reader.current().state == "ready"


def test_only_ready_and_degraded_take_requests() -> None:
    words = (state.STARTING, state.READY, state.DEGRADED, state.DRAINING, state.FAILED)
    assert [w for w in words if State(w).serving] == [state.READY, state.DEGRADED]


def test_the_summary_names_state_and_step() -> None:
    assert state.summary(State("starting", "download", "10 MB")) == {
        "state": "starting",
        "step": "download",
        "detail": "10 MB",
    }
    assert "detail" not in state.summary(State("starting", "download"))
