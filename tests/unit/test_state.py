from __future__ import annotations

import time
from pathlib import Path

from neuronserve import state
from neuronserve.reservedfile import ReservedFile
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
    state.write(ReservedFile(tmp_path / "state.json"), written)
    assert Reader(tmp_path / "state.json").current() == written


def test_a_reader_says_starting_before_there_is_a_file(tmp_path: Path) -> None:
    assert Reader(tmp_path / "state.json").current().state == state.STARTING


def test_a_reader_sees_each_change_and_parses_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    reader = Reader(path)
    state.write(ReservedFile(path), State("starting"))
    first = reader.current()
    assert reader.current() is first
    state.write(ReservedFile(path), State("ready"))
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


def test_a_files_time_is_the_true_one_and_not_that_of_the_kernels_last_tick(tmp_path: Path) -> None:
    for _ in range(20):
        before = time.time_ns()
        state.write(ReservedFile(tmp_path / "state.json"), State())
        assert before <= (tmp_path / "state.json").stat().st_mtime_ns <= time.time_ns()


def test_a_model_that_comes_again_is_another_though_all_else_is_the_same() -> None:
    first, again = Model("m", (1,), url="/u", slot=0, loaded=1), Model("m", (1,), url="/u", slot=0, loaded=2)
    assert first.identity != again.identity
    assert Model("m", (1,), slot=3, loaded=1, url="/u").identity == first.identity


def test_models_are_found_by_name() -> None:
    models = (Model("a", (1,)), Model("b", (2,)))
    assert State(models=models).by_name == {"a": models[0], "b": models[1]}
