"""A model's own code opens files of its model: by what it is told, and by the path that SageMaker has."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import handmade

ROOT = Path(__file__).resolve().parents[3]
JSON = {"Content-Type": "application/json"}
READING = """
import json

{found}

def handler(data, context):
    return json.dumps(WORDS), "application/json"
"""
BY_VARIABLE = "import os\nWORDS = open(os.environ['SM_MODEL_DIR'] + '/0001/words.txt').read()"
BY_PATH = "WORDS = open('/opt/ml/model/0001/words.txt').read()"
# a mount namespace of its own has an /opt that no other process sees
ALONE = ("unshare", "--mount", "sh", "-c")
_SERVE = shlex.join([sys.executable, str(ROOT / "serve")])


def in_own_opt(then: str = "") -> tuple[str, ...]:
    """``serve`` with an empty /opt; ``then``: commands before it."""
    return (*ALONE, f"mount -t tmpfs tmpfs /opt && {then or 'true'} && exec {_SERVE}")


def _may_mount() -> bool:
    ran = subprocess.run([*ALONE, "mount -t tmpfs tmpfs /opt"], capture_output=True, check=False)
    return ran.returncode == 0 and Path("/opt").is_dir()


needs_mount = pytest.mark.skipif(not _may_mount(), reason="a mount namespace needs root and CAP_SYS_ADMIN")


@pytest.fixture
def worded(doubling: Path, tmp_path: Path) -> Path:
    """The model in ``0001/``, as the archive has it, a file in it, and room for code."""
    folder = tmp_path / "worded"
    shutil.copytree(doubling / "1", folder / "0001")
    (folder / "0001" / "words.txt").write_text("one two")
    (folder / "code").mkdir()
    return folder


def script(folder: Path, found: str) -> None:
    (folder / "code" / "inference.py").write_text(READING.format(found=found))


def test_the_environment_names_the_folder_of_the_artifact(serve, stored, worded) -> None:
    script(worded, BY_VARIABLE)
    service = serve(**stored(worded))
    service.wait_ready()
    assert service.post("/invocations", b"{}", JSON).json() == "one two"
    assert service.stop() == 0


@needs_mount
@pytest.mark.parametrize("where", ["folder", "S3"])
def test_opt_ml_model_is_the_artifact_as_it_was_packed(serve, stored, worded, where: str) -> None:
    script(worded, BY_PATH)
    at = stored(worded) if where == "S3" else {"MODEL_URI": str(worded), "MODEL_SERVER": "cpu"}
    service = serve(program=in_own_opt(), **at)
    service.wait_ready()
    assert service.post("/invocations", b"{}", JSON).json() == "one two"
    assert service.stop() == 0


@needs_mount
def test_what_lies_at_opt_ml_model_stays_and_the_error_says_where_the_model_is(serve, worded) -> None:
    script(worded, BY_PATH)
    mine = in_own_opt("mkdir -p /opt/ml/model && touch /opt/ml/model/mine")
    service = serve(program=mine, MODEL_URI=str(worded), MODEL_SERVER="cpu")
    assert service.process.wait(60) == 26
    log = json.dumps(service.log())
    assert f"/opt/ml/model does not lead to the model, which lies in {worded}" in log
    assert f"the model lies in {worded}: use context.model_dir, or SM_MODEL_DIR" in log


@needs_mount
def test_where_opt_cannot_be_written_the_error_says_where_the_model_is(serve, worded) -> None:
    script(worded, BY_PATH)
    service = serve(program=in_own_opt("mount -o remount,ro /opt"), MODEL_URI=str(worded), MODEL_SERVER="cpu")
    assert service.process.wait(60) == 26
    assert f"the model lies in {worded}: use context.model_dir, or SM_MODEL_DIR" in json.dumps(service.log())


OF_EACH = """
import json, os

AT_IMPORT = os.environ["SM_MODEL_DIR"]

def handler(data, context):
    {found}
    return json.dumps([words, AT_IMPORT == context.model_dir]), "application/json"
"""
BY_CONTEXT = "words = open(context.model_dir + '/words.txt').read()"
AS_ON_SAGEMAKER = "words = open('/opt/ml/models/' + context.model_name + '/model/words.txt').read()"


@pytest.mark.parametrize(
    ("found", "program"),
    [(BY_CONTEXT, ()), pytest.param(AS_ON_SAGEMAKER, in_own_opt(), marks=needs_mount)],
    ids=["by the context", "by SageMaker's path"],
)
def test_of_several_models_each_has_its_own_files(
    serve, tmp_path, found: str, program: tuple[str, ...]
) -> None:
    models = tmp_path / "models"
    for name in ("one", "two"):
        handmade.doubling_rows(models / name / "model" / "1")
        (models / name / "model" / "words.txt").write_text(name)
        (models / name / "model" / "code").mkdir()
        (models / name / "model" / "code" / "inference.py").write_text(OF_EACH.format(found=found))
    service = serve(
        program=program, SAGEMAKER_MULTI_MODEL="true", SERVE_MODELS_DIR=models, MODEL_SERVER="cpu",
        SERVE_WARMUP="off",
    )  # fmt: skip
    service.wait_ready()
    for name in ("one", "two"):
        body = json.dumps({"model_name": name, "url": f"{models}/{name}/model"}).encode()
        assert service.post("/models", body, JSON).status == 200
    for name in ("one", "two", "one"):
        assert service.post(f"/models/{name}/invoke", b"{}", JSON).json() == [name, True]
    assert service.stop() == 0


@pytest.mark.parametrize(
    "where", ["inference.py", "0001/inference.py", "0001/code/inference.py", "Code/inference.py"]
)
def test_a_script_that_is_not_run_is_named_at_the_start(serve, worded, where: str) -> None:
    (worded / where).parent.mkdir(exist_ok=True)
    (worded / where).write_text("def handler(data, context): ...\n")
    service = serve(MODEL_URI=str(worded), MODEL_SERVER="cpu")
    service.wait_ready()
    told = service.wait_logged(f"'{where}' is not run")
    assert told["level"] == "warning"
    assert "code/inference.py at the root of the archive" in told["message"]
    assert service.stop() == 0
