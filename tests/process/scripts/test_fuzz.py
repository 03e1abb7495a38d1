"""scripts/fuzz: it runs, it finds a fault that was planted, makes it small, and replays it."""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import pytest


def options(target: str, corpus: Path, **others: object) -> argparse.Namespace:
    usual = {
        "seconds": 0,
        "count": 100,
        "seed": 0,
        "jobs": 1,
        "service": False,
        "coverage": False,
        "replay": None,
    }
    return argparse.Namespace(target=target, corpus=corpus, **{**usual, **others})


def findings(folder: Path) -> list[Path]:
    return [path for path in (folder / "findings").iterdir() if not path.suffix]


@pytest.mark.parametrize("target", ["bodies", "archives"])
def test_a_run_ends_after_its_count_with_a_table_and_a_corpus_that_grew(script, tmp_path, target):
    done = script(
        "fuzz", target, "--count", "150", "--seconds", "0", "--jobs", "2", "--corpus", str(tmp_path)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{target}: 150 tried" in done.stdout
    assert "0  faults" in done.stdout
    assert any((tmp_path / target / "corpus").iterdir())


def test_a_fault_in_the_gateway_is_found_made_small_and_replayed(tmp_path, monkeypatch, capsys):
    from fuzzing import program
    from neuronserve.gateway.service import Service

    invoke = Service.invoke

    def planted(self, request):
        if b"1.5" in request.body:
            raise KeyError("planted")
        return invoke(self, request)

    with monkeypatch.context() as patch:
        patch.setattr(Service, "invoke", planted)
        assert program.main(options("bodies", tmp_path)) == 1
        assert "500, a traceback in the log: KeyError: '...'" in capsys.readouterr().out
        smallest = min(findings(tmp_path / "bodies"), key=lambda path: path.stat().st_size)
        assert smallest.read_bytes().endswith(b"1.5")
        assert "planted" in smallest.with_suffix(".txt").read_text()
        assert program.main(options("bodies", tmp_path, replay=smallest)) == 1
    assert program.main(options("bodies", tmp_path, replay=smallest)) == 0


def test_a_fault_in_the_reading_of_archives_is_found_and_replayed(tmp_path, monkeypatch, capsys):
    from fuzzing import corpus, program
    from neuronserve.artifact import normalise

    def planted(*_: object, **__: object) -> None:
        raise OverflowError("planted")

    with monkeypatch.context() as patch:
        patch.setattr(normalise, "normalise", planted)
        patch.setattr(corpus, "_SECONDS", 0.0)
        assert program.main(options("archives", tmp_path, count=3)) == 1
        said = capsys.readouterr().out
        assert "exit 1, a traceback: OverflowError: planted" in said
        file = findings(tmp_path / "archives")[0]
        assert f"scripts/fuzz archives --replay {tmp_path}" in said
        assert program.main(options("archives", tmp_path, replay=file)) == 1
    assert program.main(options("archives", tmp_path, replay=file)) == 0


def test_what_is_written_outside_or_left_behind_is_a_fault(tmp_path, monkeypatch):
    from fuzzing import archives
    from neuronserve.artifact import cache

    monkeypatch.setattr(cache, "remove", lambda _path: None)  # nothing half-done is removed
    target = archives.Archives(tmp_path, fork=False)
    bad = next(case for case in target.seeds() if target.try_one(case).outcome == "exit 19")
    assert "leaves" in target.try_one(bad).fault


def test_a_hang_and_a_death_end_one_case_and_not_the_run():
    import os
    import signal
    import time

    from fuzzing import forking
    from fuzzing.corpus import Result

    def try_one(case: bytes) -> Result:
        if case == b"hang":
            time.sleep(3600)
        if case == b"death":
            os.kill(os.getpid(), signal.SIGKILL)
        return Result("well")

    results = forking.run_all([b"a", b"hang", b"b", b"death", b"c"], try_one, deadline=1)
    assert [one.outcome for one in results] == ["well", "hang", "well", "death", "well"]
    assert [bool(one.fault) for one in results] == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("status", "headers", "log", "wrong"),
    [
        (500, {}, "", True),
        (503, {}, "", True),
        (503, {"retry-after": "1"}, "", False),
        (504, {}, "", False),
        (200, {}, "Traceback (most recent call last)\n", True),
        (400, {}, "", False),
    ],
)
def test_only_honest_answers_are_right(status, headers, log, wrong):
    from fuzzing import bodies

    assert bool(bodies.judged(status, headers, json.dumps({"error": "why"}).encode(), log).fault) == wrong


def test_an_answer_that_speaks_of_the_inner_request_shows_that_it_was_read():
    from fuzzing import oddities

    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    assert not oddities._judged(answer, hung=False).fault
    assert (
        "smuggled"
        in oddities._judged(answer + b"HTTP/1.1 404 Not Found\r\n\r\nno smuggled", hung=False).fault
    )
    assert "hang" in oddities._judged(b"", hung=True).fault
    assert "502" in oddities._judged(b"HTTP/1.1 502 Bad Gateway\r\n\r\n", hung=False).fault


def test_a_case_is_made_as_small_as_its_fault_allows():
    from fuzzing import corpus

    case = random.Random(0).randbytes(500) + b"needle" + bytes(500)
    assert corpus.minimised(case, lambda shorter: b"needle" in shorter) == b"needle"


@pytest.mark.parametrize("target", ["bodies", "archives", "http"])
def test_the_same_seed_makes_the_same_cases(tmp_path, target):
    from fuzzing import archives, bodies, oddities

    made = {
        "bodies": lambda: bodies.Bodies(lambda: pytest.fail("nobody is asked")),
        "archives": lambda: archives.Archives(tmp_path),
        "http": lambda: oddities.Oddities(None),
    }[target]
    target, seeds = made(), made().seeds()
    first, second = (
        [target.mutated(target.made(rng), seeds, rng) for _ in range(20)]
        for rng in (random.Random(5), random.Random(5))
    )
    assert seeds == target.seeds()
    assert first == second
