"""Hostile archives and models, given to the programs as a person does: a code, one line, no trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import handmade, hostile
from tests.archives import files_below, member, saved_model, tar_gz

ROOT = Path(__file__).parents[3]
END = bytes(1024)
LINK = b"2"


SPARSE = {"GNU.sparse.map": "x", "GNU.sparse.size": "1"}


def _linked(count: int) -> bytes:
    chain = [hostile.header(b"l%d" % n, 0, LINK, b"l%d" % (n - 1)) for n in range(1, count + 1)]
    return hostile.header(b"l0") + b"".join(chain) + END


def _records(named: Mapping[str, str]) -> bytes:
    return b"".join(hostile.record(key.encode(), value.encode()) for key, value in named.items())


_FILE = hostile.header(b"a", 9999) + hostile.padded(b"x" * 9999)
ARCHIVES: Mapping[str, tuple[bytes, int]] = {
    "negative size": (hostile.header(b"a", -512, b"x") + hostile.header(b"b") + END, 19),
    "sparse map": (hostile.extended(b"x", _records(SPARSE)) + hostile.header(b"s") + END, 18),
    "pax length": (hostile.extended(b"x", b"99999999999999999999 path=a\n") + hostile.header(b"b") + END, 18),
    "chain": (_linked(1000), 19),
    "long link": (hostile.extended(b"K", b"x" * 5000) + hostile.header(b"l", 0, LINK) + END, 19),
    "written first": (_FILE + hostile.header(b"../b") + END, 19),
}


def ran(command: list[str], tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "SERVE_CACHE_DIR": str(tmp_path / "cache"), **environ}
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_program_that_gets_the_model_refuses_it_and_leaves_nothing(tmp_path, name):
    data, code = ARCHIVES[name]
    (tmp_path / "model.tar").write_bytes(data)
    command = [sys.executable, "-m", "neuronserve.artifact", "--work-dir", str(tmp_path / "work")]
    done = ran(command, tmp_path, MODEL_URI=str(tmp_path / "model.tar"))
    last = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, last["event"]) == (code, "error"), done.stdout + done.stderr
    assert len(last["error"]) + len(last["hint"]) < 2000
    assert "Traceback" not in done.stderr
    assert files_below(tmp_path / "cache").keys() <= {p.name for p in (tmp_path / "cache").glob("*.lock")}


@pytest.mark.parametrize("name", ["sparse map", "chain", "long link"])
@pytest.mark.parametrize(
    ("words", "own"),
    [
        (("inspect-model",), None),
        (("package-model", "-o", "{}/made.tar.gz", "--dry-run"), 2),
        (("doctor", "--only", "model"), None),
    ],
    ids=["inspect-model", "package-model", "doctor"],
)
def test_the_scripts_refuse_it_in_a_line(tmp_path, name, words, own):
    """``own``: the script's code for every model that cannot be used; else that of the container."""
    data, code = ARCHIVES[name]
    model = tmp_path / "model.tar"
    model.write_bytes(data)
    script, *options = (word.format(tmp_path) for word in words)
    given = [] if script == "doctor" else [str(model)]
    done = ran([sys.executable, f"scripts/{script}", *given, *options], tmp_path, MODEL_URI=str(model))
    assert done.returncode == (own or code), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert all(len(line) < 3000 for line in (done.stdout + done.stderr).splitlines())


def test_a_folder_of_requirements_is_no_fault_of_ours(tmp_path):
    """code/requirements.txt is a folder, another .txt a link to nothing, a .whl a folder."""
    files = {**saved_model("1"), "code/requirements.txt/x": b"x", "code/a.whl/x": b"x", "code/b.txt/y": b""}
    (tmp_path / "model.tar.gz").write_bytes(tar_gz(files))
    command = [sys.executable, "-m", "neuronserve.artifact", "--work-dir", str(tmp_path / "work")]
    done = ran(command, tmp_path, MODEL_URI=str(tmp_path / "model.tar.gz"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_script_that_fails_with_a_long_message_is_named_in_one_line(tmp_path):
    model = handmade.doubling(tmp_path / "made")
    script = b"raise ValueError('\xc3\xa9' * 9000 + chr(10))"
    files = {"1/saved_model.pb": (model / "saved_model.pb").read_bytes(), "code/inference.py": script}
    (tmp_path / "model.tar.gz").write_bytes(tar_gz([member(path, data) for path, data in files.items()]))
    command = [sys.executable, "-m", "neuronserve.artifact", "--work-dir", str(tmp_path / "work")]
    done = ran(command, tmp_path, MODEL_URI=str(tmp_path / "model.tar.gz"))
    last = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, last["code"]) == (26, "broken_handler"), done.stdout + done.stderr
    assert "ValueError" in last["error"]
    assert last["error"].isprintable()
    assert len(last["error"]) < 2000
