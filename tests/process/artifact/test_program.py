"""``python -m neuronserve.artifact`` as a child: its lines, its exit codes, its end at any time."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from neuronserve.artifact.bundle import Bundle
from neuronserve.artifact.objects import PIECE
from tests import handmade
from tests.archives import files_below, grow, saved_model, tar, tar_gz
from tests.rude_store import RudeStore
from tests.stored_models import AWS

FILES = saved_model("m/1", weights=4 * PIECE)
ARCHIVE = tar_gz(FILES)
URI = "s3://bkt/m.tar.gz"


@pytest.fixture
def store():
    with RudeStore().running() as running:
        running.objects["bkt/m.tar.gz"] = ARCHIVE
        yield running


@pytest.fixture
def start(tmp_path):
    children = []

    def begin(*arguments, work="work", **variables):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
        environ = {**kept, **AWS, "SERVE_CACHE_DIR": str(tmp_path / "cache"), **variables}
        command = [
            sys.executable,
            "-m",
            "neuronserve.artifact",
            "--work-dir",
            str(tmp_path / work),
            *map(str, arguments),
        ]
        child = subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        children.append(child)
        return child

    yield begin
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        child.communicate()


def ended(child):
    """Its exit code, events and log."""
    out, log = child.communicate(timeout=60)
    return child.returncode, [json.loads(line) for line in out.splitlines()], log


def until(condition, what):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.01)


def test_the_bundle_is_the_last_line_and_in_the_output_file(tmp_path, store, start):
    code, events, log = ended(
        start("--output", tmp_path / "bundle.json", MODEL_URI=URI, AWS_ENDPOINT_URL=store.url)
    )
    assert code == 0, log
    assert {event["event"] for event in events[:-1]} == {"progress"}
    assert {"step", "done", "total"} <= set(events[0])
    bundle = Bundle.from_dict(events[-1]["bundle"])
    assert Bundle.from_json((tmp_path / "bundle.json").read_text()) == bundle
    assert files_below(bundle.root / "models") == FILES
    assert AWS["AWS_SECRET_ACCESS_KEY"] not in log


@pytest.mark.parametrize(
    ("variables", "code", "word"),
    [
        ({"MODEL_URI": "models/x"}, 10, "bad_location"),
        ({"MODEL_URI": "/does/not/exist"}, 11, "model_not_found"),
        ({"MODEL_URI": "ftp://x", "SERVE_MAX_FILES": "many"}, 2, "settings"),
    ],
)
def test_an_error_is_the_last_line_and_the_exit_code(start, variables, code, word):
    found, events, _ = ended(start(**variables))
    assert found == code
    assert events[-1]["event"] == "error"
    assert events[-1]["code"] == word
    assert events[-1]["error"]


def test_a_start_that_is_killed_goes_on_where_it_was(tmp_path, store, start):
    store.open_answers = 2
    first = start(MODEL_URI=URI, AWS_ENDPOINT_URL=store.url, SERVE_DOWNLOAD_CONNECTIONS="1")
    journal = lambda: [*tmp_path.glob("cache/*.partial/journal")]
    until(lambda: journal() and journal()[0].read_text().count("\n") == 3, "two pieces in the journal")
    first.send_signal(signal.SIGKILL)
    assert ended(first)[0] == -signal.SIGKILL
    assert not [
        path for path in (tmp_path / "cache").iterdir() if path.is_dir() and path.suffix != ".partial"
    ]
    store.gate.set()
    store.ranges.clear()
    code, events, log = ended(start(MODEL_URI=URI, AWS_ENDPOINT_URL=store.url))
    assert code == 0, log
    assert "resumed: 2 of 5 pieces" in log
    assert len(store.ranges) == 3
    assert files_below(Bundle.from_dict(events[-1]["bundle"]).root / "models") == FILES


def test_a_start_that_is_told_to_stop_stops_at_once(store, start):
    store.open_answers = 1
    child = start(MODEL_URI=URI, AWS_ENDPOINT_URL=store.url)
    assert store.waiting.wait(30)
    child.terminate()
    assert ended(child)[0] == -signal.SIGTERM


def test_of_two_starts_at_once_one_fetches_and_the_other_reuses(tmp_path, store, start):
    store.open_answers = 0
    children = [start(work=name, MODEL_URI=URI, AWS_ENDPOINT_URL=store.url) for name in ("a", "b")]
    assert store.waiting.wait(30)
    until(lambda: store.heads == 2, "both asked for the object")
    store.gate.set()
    results = [ended(child) for child in children]
    assert [code for code, _, _ in results] == [0, 0]
    assert sorted(events[-1]["bundle"]["reused"] for _, events, _ in results) == [False, True]
    assert len(store.ranges) == 5
    waited = next(events for _, events, _ in results if events[-1]["bundle"]["reused"])
    assert any(event.get("step") == "waiting" for event in waited)


def test_a_model_that_may_only_be_read_is_served_without_touching_it(tmp_path, start):
    source = grow(tmp_path / "opt-ml-model", saved_model())
    before = {path: path.stat().st_mtime_ns for path in [source, *source.rglob("*")]}
    for path in [*source.rglob("*"), source]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    code, events, log = ended(start("--default-model-dir", source, SERVE_CACHE_DIR="/proc/no-cache-here"))
    assert code == 0, log
    assert events[-1]["bundle"]["models"][0]["versions"] == [1]
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "none", place], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_cannot_hold_the_model_is_said_before_the_download(store, start, small_disk):
    code, events, _ = ended(start(MODEL_URI=URI, AWS_ENDPOINT_URL=store.url, SERVE_CACHE_DIR=str(small_disk)))
    assert code == 22
    assert str(small_disk) in events[-1]["error"]
    assert not list(small_disk.glob("*.partial"))


def test_a_disk_that_runs_full_midway_is_said_and_cleaned(store, start, small_disk):
    # zeros pack a thousandfold, and a second gzip member hides the real size from the check before
    data = tar({"1/saved_model.pb": bytes(64 << 20)})
    store.objects["bkt/m.tar.gz"] = gzip.compress(data[:-512]) + gzip.compress(data[-512:])
    code, events, log = ended(
        start(MODEL_URI=URI, AWS_ENDPOINT_URL=store.url, SERVE_CACHE_DIR=str(small_disk))
    )
    assert code == 22, log
    assert "ran full" in events[-1]["error"]
    assert not list(small_disk.glob("*.partial"))
    assert os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize > 20 << 20


AS_NOBODY = """
import os, sys
from neuronserve.artifact.__main__ import main
main(["--work-dir", sys.argv[1] + "/first", *sys.argv[2:]])  # imports all, while it may
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(main(["--work-dir", sys.argv[1] + "/second", *sys.argv[2:]]))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("closed", "code"), [(".", 12), ("m", 12), ("m/1/variables", 0)])
def test_a_model_that_this_user_may_not_read_is_said_with_the_uid(closed, code):
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to other users
        source = grow(Path(place, "model"), saved_model("m/1"))
        Path(place).chmod(0o777)
        (source / closed).chmod(0o700)  # what lies inside a SavedModel is the model server's business
        arguments = [place, "--default-model-dir", str(source)]
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, *arguments], capture_output=True, text=True, check=False
        )
    assert done.returncode == code, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert code == 0 or "may not be read by uid 65534" in last["error"]


def test_a_damaged_compiled_model_ends_the_start(tmp_path, start):
    folder = handmade.compiled(tmp_path / "m" / "1")
    content = (folder / "saved_model.pb").read_bytes()
    (folder / "saved_model.pb").write_bytes(content[: len(content) - 9])
    code, events, _ = ended(start(MODEL_URI=str(tmp_path / "m")))
    assert code == 23
    assert (events[-1]["event"], events[-1]["code"]) == ("error", "damaged_model")
    assert f"{folder / 'saved_model.pb'} " in events[-1]["error"]
    assert "fetch or export the model again" in events[-1]["hint"]


def test_what_was_compiled_comes_with_the_bundle_and_without_tensorflow(tmp_path, start):
    handmade.compiled(tmp_path / "m" / "1", batch=4, cores=2, generation="trn1")
    code, events, log = ended(start(MODEL_URI=str(tmp_path / "m"), PYTHONVERBOSE="1"))
    assert code == 0, log
    (model,) = Bundle.from_dict(events[-1]["bundle"]).models
    assert (model.compiled[0].cores, model.compiled[0].signatures["serving_default"].size) == (2, 4)
    assert "import 'tensorflow.core" in log
    assert "tensorflow.python" not in log
