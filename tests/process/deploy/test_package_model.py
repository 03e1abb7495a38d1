"""scripts/package-model as a person starts it, and what `serve` makes of its archives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile

import pytest

from tests import handmade
from tests.archives import files_below, grow, tar_gz
from tests.process.scripts.conftest import ROOT

HANDLER = b"def handler(data, context): return data, 'text/plain'\n"
GOLDEN = b'{"instances": [[1.0, 2.0]], "predictions": [[2.0, 4.0]], "model": "net"}\n'


@pytest.fixture
def package(tmp_path):
    """``package("m", "-o", "x.tar.gz")`` in a folder of the test's own -> the finished process."""

    def start(*words, umask=0o022, **environ):
        return subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "package-model"), *words],
            cwd=tmp_path, env={**os.environ, **environ}, capture_output=True, text=True, check=False,
            timeout=240, umask=umask,
        )  # fmt: skip

    return start


@pytest.fixture
def served(tmp_path):
    """What the child of `serve` that gets the model says last, with the archive as MODEL_URI."""

    def get(archive, **environ):
        environ = {
            "MODEL_URI": str(tmp_path / archive),
            "SERVE_CACHE_DIR": str(tmp_path / "cache"),
            "PYTHONPATH": str(ROOT),
            **environ,
        }
        done = subprocess.run(
            [sys.executable, "-m", "neuronserve.artifact", "--work-dir", str(tmp_path / "work")],
            cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
        return json.loads(done.stdout.splitlines()[-1])

    return get


@pytest.fixture
def two(tmp_path):
    """``tree/net`` with a version for Inferentia and one for CPU, and code beside it."""
    handmade.compiled(tmp_path / "tree" / "net" / "1")
    handmade.doubling(tmp_path / "tree" / "net" / "0002")
    return grow(tmp_path / "tree", {"code/inference.py": HANDLER, "notes.txt": b"", "golden.jsonl": GOLDEN})


def test_a_tree_comes_out_as_serve_sees_it(package, served, two):
    done = package("tree")
    assert done.returncode == 0, done.stderr
    digest = next(
        line.partition("=")[2] for line in done.stdout.splitlines() if "MODEL_DIGEST=blake2b" in line
    )
    for said in (
        "net, version 1: compiled for NeuronCore-v1",
        "net, version 2: not compiled",
        "1 recorded requests",
    ):
        assert said in done.stdout
    told = served("model.tar.gz", MODEL_DIGEST=digest)
    assert told["event"] == "bundle", told
    (model,) = told["bundle"]["models"]
    assert (model["name"], model["versions"]) == ("net", [1, 2])
    assert {"code", "golden.jsonl"} <= set(told["bundle"]["extras"])


@pytest.mark.parametrize(
    "where", ["inference.py", "7/inference.py", "7/code/inference.py", "Code/inference.py"]
)
def test_a_script_that_would_not_be_run_is_warned_of(package, tmp_path, where):
    handmade.doubling(tmp_path / "m" / "7")
    (tmp_path / "m" / where).parent.mkdir(exist_ok=True)
    (tmp_path / "m" / where).write_bytes(HANDLER)
    done = package("m", "-o", "x.tar.gz")
    assert done.returncode == 0, done.stderr
    assert f"warning: '{where}' is not run" in done.stderr


def test_the_same_files_make_the_same_archive_wherever_and_whenever(package, tmp_path, two):
    files = files_below(two)
    grow(tmp_path / "elsewhere", files | {"net/1/.DS_Store": b"", "code/__pycache__/x.pyc": b""})
    for path in (tmp_path / "elsewhere").rglob("*"):
        os.utime(path, (1, 1))
    assert package("tree", "-o", "a.tar.gz").returncode == 0
    assert package("elsewhere", "-o", "b.tar.gz", umask=0o077, LC_ALL="C", TZ="Asia/Tokyo").returncode == 0
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()
    assert package("a.tar.gz", "-o", "c.tar.gz").returncode == 0  # packed anew
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "c.tar.gz").read_bytes()


def test_versions_and_models_are_put_together(package, served, tmp_path):
    handmade.doubling(tmp_path / "x" / "7")
    handmade.doubling(tmp_path / "y", factor=3.0)
    (tmp_path / "z.tar.gz").write_bytes(tar_gz(files_below(tmp_path / "y")))
    done = package("a=x/7", "a=y:8", "b=z.tar.gz:3", "--output", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["members"] == ["a/7/saved_model.pb", "a/8/saved_model.pb", "b/3/saved_model.pb"]
    assert told["default"] == "a"
    assert "SAGEMAKER_TFS_DEFAULT_MODEL_NAME" in done.stderr
    models = {model["name"]: model["versions"] for model in served("model.tar.gz")["bundle"]["models"]}
    assert models == {"a": [7, 8], "b": [3]}


def test_multi_model_makes_an_archive_for_each(package, tmp_path, two):
    handmade.doubling(tmp_path / "tree" / "other" / "1")
    (two / "golden.jsonl").unlink()
    done = package("tree", "--multi-model", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["net.tar.gz", "other.tar.gz"]
    with tarfile.open(tmp_path / "out" / "net.tar.gz") as tar:
        assert [h.name for h in tar if h.isfile()] == [
            "1/saved_model.pb", "2/saved_model.pb", "code/inference.py", "notes.txt",
        ]  # fmt: skip


def test_a_dry_run_lists_and_writes_nothing(package, tmp_path, two):
    before = files_below(tmp_path)
    done = package("tree", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()] == [
        "code/inference.py", "golden.jsonl", "net/1/saved_model.pb", "net/2/saved_model.pb", "notes.txt",
    ]  # fmt: skip
    assert files_below(tmp_path) == before


def test_an_archive_inside_of_its_own_model_is_not_packed_again(package, tmp_path):
    handmade.doubling(tmp_path / "m")
    made = []
    for _ in range(2):
        done = package("m", "-o", "m/model.tar.gz")
        assert done.returncode == 0, done.stderr
        made.append((tmp_path / "m" / "model.tar.gz").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("files", "words", "said"),
    [
        ({"model.onnx": b"x"}, ["m"], "holds no SavedModel"),
        ({"saved_model.pb": b"\xff\xff"}, ["m"], "model.tar.gz: 1/saved_model.pb"),
        ({}, ["good", "--golden", "bad.jsonl"], "golden.jsonl, line 1"),
        ({}, ["good", "--golden", "other.jsonl"], "there is no model 'other'"),
        ({}, ["good", "--warm-up", "bad"], "no TFRecord file"),
        ({}, ["good", "--code", "bad.py"], "bad.py, line 1"),
        ({}, ["good", "-o", "model.zip"], "expected a file that ends in .tar.gz"),
        ({}, ["good", "-o", "absent/m.tar.gz"], "there is no folder absent"),
        ({}, ["good", "--upload", "bucket/x"], "expected s3://bucket/key"),
        ({}, ["good", "--multi-model"], "needs a name"),
        ({}, ["ftp://x"], "no such file"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(package, tmp_path, files, words, said):
    grow(tmp_path / "m", files)
    handmade.doubling(tmp_path / "good")
    grow(tmp_path, {
        "bad.jsonl": b"{}\n", "other.jsonl": b'{"instances": [1], "model": "other"}\n', "bad": b"no records",
        "bad.py": b"def handler(:\n",
    })  # fmt: skip
    before = files_below(tmp_path)
    done = package(*words)
    assert done.returncode == 2, done.stderr
    last = [line for line in done.stderr.splitlines() if not line.startswith(("packing", "warning"))]
    assert len(last) == 1
    assert said in last[0]
    assert ".package-model-" not in done.stderr
    assert files_below(tmp_path) == before
