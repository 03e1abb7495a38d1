"""Archives and models, given to the program that gets the model; and what it leaves behind."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import logging
import os
import random
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fuzzing import forking, hostile_model, hostile_tar, mutators
from fuzzing.corpus import Result

_LONGEST = 4000  # characters of a message with its hint
_MOST = 1 << 20  # bytes that are unpacked to be mutated
_UNKNOWN = 29  # "for another reason": nothing about an archive should be
_SETTINGS = {"SERVE_MAX_UNPACKED_MB": "64", "SERVE_MAX_FILES": "1200", "SERVE_LOG_LEVEL": "info"}


class Archives:
    """The target. ``scratch``: a folder of its own."""

    batch = 100

    def __init__(self, scratch: Path, *, fork: bool = True) -> None:
        self._scratch = scratch
        self._fork = fork
        self._warm = False

    def seeds(self) -> list[bytes]:
        models = [hostile_model.honest(), hostile_model.honest(compiled=False), hostile_model.textual()]
        rng = random.Random(0)
        tars = [hostile_tar.written(files) for files in models]
        hostile = [_with(tars[0], hostile_tar.member(rng)) for _ in range(60)]
        return [*map(_gzipped, tars), tars[0], *map(_gzipped, hostile), hostile_tar.bomb(rng)]

    def made(self, rng: random.Random) -> bytes:
        kind = rng.random()
        files = rng.choice((hostile_model.honest, hostile_model.textual))()
        if kind < 0.02:
            return hostile_tar.bomb(rng)
        if kind < 0.5:
            files = hostile_model.damaged(files, rng)
        tar = hostile_tar.written(files)
        if kind >= 0.5:
            tar = _with(tar, b"".join(hostile_tar.member(rng) for _ in range(rng.choice((1, 1, 2, 4)))))
        return hostile_tar.packed(tar, rng)

    def mutated(self, case: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
        """Mostly in the tar, which is packed again; else in the packed bytes."""
        if rng.random() < 0.15:
            return mutators.mutated(case, others, rng)
        tar = _unpacked(case)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            tar = hostile_tar.changed(tar, rng)[:_MOST]
        return hostile_tar.packed(tar, rng)

    def tried(self, cases: Sequence[bytes]) -> list[Result]:
        if self._fork and not self._warm:
            self._warm = True
            self.try_one(self.seeds()[0])  # what an honest model needs is imported once, before the forks
        return forking.run_all(cases, self.try_one) if self._fork else [self.try_one(one) for one in cases]

    def try_one(self, case: bytes) -> Result:
        """Raises nothing: what a start raises is a fault of this case."""
        home = Path(tempfile.mkdtemp(prefix="case-", dir=self._scratch))
        try:
            return _started(case, home)
        finally:
            shutil.rmtree(home, ignore_errors=True)


def _started(case: bytes, home: Path) -> Result:
    archive, canary = home / "model.tar.gz", home / "canary"
    archive.write_bytes(case)
    canary.write_bytes(b"alive")
    before = _outside(home)
    code, said, log = _run(archive, home)
    fault = _wrong(code, said, log) or _left(home, code, before)
    event = _last(said)
    if not fault and code == 0:
        fault = _inspected(archive)
    text = str(event.get("error", ""))
    signature = re.sub(r"\S*/case-\S*|'[^']*'|\d+", "_", text)[:200]
    return Result(f"exit {code}", f"{code} {signature}", fault)


def _run(archive: Path, home: Path) -> tuple[int, str, str]:
    """Exit code, standard output and log of ``python -m neuronserve.artifact``, in this process."""
    from neuronserve.artifact import __main__ as program

    environ = {"MODEL_URI": str(archive), "SERVE_CACHE_DIR": str(home / "cache"), **_SETTINGS}
    with _environment(environ), _captured() as (out, log):
        try:
            code = program.main(["--work-dir", str(home / "work"), "--output", str(home / "bundle.json")])
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException as error:
            logging.getLogger().exception("out of the program")
            code = 1
            print(json.dumps({"event": "error", "error": repr(error)}))
    return code, out.getvalue(), log.getvalue()


def _wrong(code: int, said: str, log: str) -> str:
    if "Traceback (most recent call last)" in log:
        return f"exit {code}, a traceback: {log.strip().splitlines()[-1]}\n{log[-4000:]}"
    if code in (1, _UNKNOWN) or not 0 <= code < 128:
        return f"exit {code}: {said.strip().splitlines()[-1][:500] if said.strip() else ''}"
    event = _last(said)
    if event.get("event") not in ("bundle", "error"):
        return f"exit {code} without a last word"
    text = f"{event.get('error', '')}{event.get('hint', '')}"
    if len(text) > _LONGEST or not text.isprintable():
        return f"exit {code}: a message of {len(text)} characters, or of more than one line"
    long_lines = [line for line in log.splitlines() if len(line) > 2 * _LONGEST]
    return (
        f"a line of the log has {len(long_lines[0])} characters: {long_lines[0][:200]}" if long_lines else ""
    )


def _left(home: Path, code: int, before: list[str]) -> str:
    """What lies where nothing may."""
    if (home / "canary").read_bytes() != b"alive" or _outside(home) != before:
        return "something was written outside"
    allowed = {"model.tar.gz", "canary", "cache", "work"} | ({"bundle.json"} if code == 0 else set())
    strange = {path.name for path in home.iterdir()} - allowed
    partial = [path.name for path in (home / "cache").glob("*.partial*")] if (home / "cache").is_dir() else []
    if strange or partial:
        return f"exit {code} leaves {sorted([*strange, *partial])}"
    return ""


def _outside(home: Path) -> list[str]:
    """The names beside the case, and where names that begin with a slash would lie."""
    return sorted(["/etc/x"] * os.path.lexists("/etc/x") + ["x"] * os.path.lexists(home.parent / "x"))


def _inspected(archive: Path) -> str:
    """What scripts/inspect-model makes of the same; "" where that is well."""
    import _inspection

    with _captured() as (_, log):
        try:
            code = _inspection.show(str(archive), {**os.environ, **_SETTINGS}, as_json=False)
        except Exception:
            logging.getLogger().exception("inspect-model")
            code = 1
    if code in (1, _UNKNOWN):
        return f"inspect-model: exit {code}: {log.getvalue()[-3000:]}"
    return ""


def _last(said: str) -> dict[str, Any]:
    try:
        event = json.loads(said.strip().rpartition("\n")[2])
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


@contextlib.contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    kept = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


@contextlib.contextmanager
def _captured() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """Standard output as a strict UTF-8 terminal takes it, and the log."""
    out, log = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True), io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    stdout, stderr = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, log
    said = io.StringIO()
    try:
        yield said, log
    finally:
        sys.stdout, sys.stderr = stdout, stderr
        root.handlers[:] = before
        root.setLevel(level)
        said.write(out.buffer.getvalue().decode())


def _with(tar: bytes, members: bytes) -> bytes:
    return members + tar


def _gzipped(tar: bytes) -> bytes:
    return gzip.compress(tar, 1, mtime=0)


def _unpacked(case: bytes) -> bytes:
    if not case.startswith(b"\x1f\x8b"):
        return case
    inflater = zlib.decompressobj(wbits=31)
    try:
        return inflater.decompress(case, _MOST)
    except zlib.error:
        return case
