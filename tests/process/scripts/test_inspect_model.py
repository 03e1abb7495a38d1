"""scripts/inspect-model as a person starts it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests import handmade
from tests.archives import files_below, tar_gz
from tests.process.scripts.conftest import ROOT
from tests.rude_store import RudeStore
from tests.stored_models import AWS


@pytest.fixture
def pipeline(tmp_path):
    return handmade.pipeline(tmp_path / "m" / "7", batch=4, dynamic=False, generation="trn1").parent


def test_a_folder_is_shown_on_one_screen(script, pipeline):
    done = script("inspect-model", str(pipeline))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("model, version 7\n")
    for said in ("Inf2/Trn1", "2.12.68.0", "trn1.2xlarge", "compiled for a batch of 4", "neuron_op_0"):
        assert said in done.stdout
    assert len(done.stdout.splitlines()) < 24
    assert not done.stderr


@pytest.mark.parametrize(
    "where", ["inference.py", "m/7/inference.py", "src/inference.py", "Code/inference.py"]
)
def test_a_script_that_would_not_be_run_is_named(script, tmp_path, pipeline, where):
    (tmp_path / where).parent.mkdir(exist_ok=True)
    (tmp_path / where).write_text("def handler(data, context): ...\n")
    done = script("inspect-model", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert f"'{where}' is not run" in done.stderr
    assert "code/inference.py at the root of the archive" in done.stderr


def test_everything_is_there_as_json(script, pipeline):
    done = script("inspect-model", str(pipeline / "7" / "saved_model.pb"), "--json")
    told = json.loads(done.stdout)
    (version,) = told["versions"]
    assert (version["cores"], version["generations"]) == (2, ["NeuronCore-v2"])
    assert version["subgraphs"][0]["executable"]["target"] == "sunda"


def test_an_archive_in_s3_is_fetched_and_nothing_of_it_kept(script, tmp_path, pipeline):
    (tmp_path / "scratch").mkdir()
    with RudeStore().running() as store:
        store.objects["bkt/m.tar.gz"] = tar_gz(files_below(pipeline.parent))
        done = script(
            "inspect-model", "s3://bkt/m.tar.gz",
            **AWS, AWS_ENDPOINT_URL=store.url, TMPDIR=str(tmp_path / "scratch"),
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "m, version 7" in done.stdout
    assert not list((tmp_path / "scratch").iterdir())


def test_a_path_is_that_of_the_folder_it_is_called_from(tmp_path, pipeline):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "inspect-model"), "m"],
        cwd=pipeline.parent, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_what_is_wrong_is_one_line_and_an_exit_code(script, tmp_path, pipeline):
    file = pipeline / "7" / "saved_model.pb"
    handmade.compiled(pipeline / "8")
    file.write_bytes(file.read_bytes()[:-5])
    for model, code, said in (
        (str(pipeline), 23, "cut short"),
        (str(tmp_path / "absent"), 11, "no such file"),
        ("s3://x", 10, "names no bucket"),
        ("ftp://host/m.tar.gz", 2, "expected s3://bucket/key, or a path"),
    ):
        done = script("inspect-model", model)
        assert done.returncode == code, done.stderr
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert ("version 8" in done.stdout) == (code == 23)  # the version that is whole is still shown


def test_real_models_can_be_shown(script, compiled_models):
    for folder in compiled_models.values():
        done = script("inspect-model", str(folder))
        assert done.returncode == 0, done.stderr
        assert "compiled for:    Inf1" in done.stdout
