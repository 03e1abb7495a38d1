from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from neuronserve.artifact import code, handlercheck, pins, pipwords, requirements
from neuronserve.artifact.bundle import Bundle, BundledModel
from neuronserve.artifact.progress import Progress
from neuronserve.errors import BrokenHandler
from neuronserve.settings import Settings

NOTHING = "def handler(data, context):\n    return '', None\n"


def bundle(extras: Path | None) -> Bundle:
    return Bundle(Path("/b"), (BundledModel("m", Path("/b/m"), (1,)),), "m", ("code",), extras)


def script(folder: Path, text: str = NOTHING) -> Path:
    (folder / "code").mkdir(parents=True, exist_ok=True)
    (folder / "code" / "inference.py").write_text(text)
    return folder / "code"


def settings(**environ: str) -> Settings:
    return Settings.from_environ(environ)


def test_code_is_found_where_it_really_lies(tmp_path: Path) -> None:
    real = script(tmp_path / "archive")
    link = tmp_path / "code"
    link.symlink_to(real)
    assert code.found(link, ()) == real


def test_without_a_script_there_is_no_code(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert code.found(None, ()) is None
    (tmp_path / "code").mkdir()
    assert code.found(tmp_path / "code", ()) is None
    assert "holds no inference.py" in caplog.text


def test_a_models_own_script_wins_over_that_of_all_models(tmp_path: Path) -> None:
    own, near, far = (script(tmp_path / name) for name in ("own", "near", "far"))
    assert code.found(own, (near, far)) == own
    assert code.found(None, (near, far)) == near
    (own / "inference.py").unlink()
    (near / "inference.py").unlink()
    assert code.found(own, (near, far)) == far


@pytest.mark.parametrize(
    ("line", "anew"), [("./own", True), (".", True), ("-e own", True), ("first", False), ("# ./own", False)]
)
def test_a_package_in_the_code_itself_is_installed_anew_when_it_changes(
    tmp_path: Path, line: str, anew: bool
) -> None:
    folder = script(tmp_path)
    (folder / "requirements.txt").write_text(f"{line}\n")
    (folder / "own").mkdir()
    (folder / "own" / "own.py").write_text("one")
    before = requirements._identity(folder, None)
    (folder / "own" / "own.py").write_text("another")
    assert (requirements._identity(folder, None) != before) is anew


def test_with_lib_nothing_is_installed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = script(tmp_path)
    (folder / "lib").mkdir()
    (folder / "requirements.txt").write_text("no-such-package\n")
    around = code.Surroundings(tmp_path, tmp_path)
    made = code.made_ready(bundle(tmp_path), settings(), around, lambda _: None)
    assert (made.code, made.packages) == (str(folder), "")
    assert "requirements.txt is not installed" in caplog.text


def check(folder: Path, *, separate: bool = False, seconds: float = 60) -> None:
    handlercheck.check(folder, "", seconds, lambda _: None, separate=separate)


def test_a_script_is_tried_before_it_is_served_and_what_it_prints_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    steps: list[Progress] = []
    folder = script(tmp_path, "print('hello from the script', end='')\n" + NOTHING)
    (folder / "queue.py").write_text("")
    handlercheck.check(folder, "", 60, steps.append, separate=False)
    assert "hello from the script" in caplog.text
    assert "code/inference.py: handler" in caplog.text
    assert "code/queue.py hides a module of Python's library" in caplog.text
    assert [one.step for one in steps] == ["handler"]


@pytest.mark.parametrize("separate", [False, True])
def test_a_script_that_cannot_be_imported_is_told_with_file_line_and_remedy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, separate: bool
) -> None:
    caplog.set_level(logging.INFO)
    folder = script(tmp_path, "x = 1\nimport no_such_module.part\n")
    with pytest.raises(BrokenHandler) as caught:
        check(folder, separate=separate)
    assert "code/inference.py:2 in <module>: ModuleNotFoundError: No module named 'no_such_module'" in str(
        caught.value
    )
    listed = "list no_such_module in code/requirements.txt, or bring it in code/lib"
    assert caught.value.hint == f"no_such_module is not in the image: {listed}"
    assert "import no_such_module.part" in caplog.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "neither handler nor both"),
        ("import sys\nsys.exit(0)\n", "code/inference.py:2 in <module>: SystemExit: 0"),
        ("import os\nos._exit(3)\n", "ended the program (exit code 3)"),
        ("import os\nos.kill(os.getpid(), 9)\n", "ended the program (exit code -9)"),
    ],
)
def test_a_script_that_ends_or_has_no_handler_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BrokenHandler) as caught:
        check(script(tmp_path, text))
    assert told in str(caught.value)


def test_a_script_that_never_ends_loading_has_its_time(tmp_path: Path) -> None:
    with pytest.raises(BrokenHandler, match="not loaded within 3 s"):
        check(script(tmp_path, "import threading\nthreading.Event().wait()\n"), seconds=3)


def test_all_that_a_worker_has_loaded_is_held_at_its_version() -> None:
    """Of the packages that are installed, whatever a worker's modules come from."""
    program = (
        "import importlib.metadata as metadata, json, sys\n"
        "import predictor, neuronserve.gateway.sticky\n"
        "from neuronserve.gateway import workers\n"
        "from neuronserve.messages import predict_pb2\n"
        "owners = metadata.packages_distributions()\n"
        "tops = {name.partition('.')[0] for name in list(sys.modules)}\n"
        "print(json.dumps(sorted({owner for top in tops for owner in owners.get(top, ())})))\n"
    )
    root = Path(__file__).parents[3]
    env = {**os.environ, "PYTHONPATH": str(root), "SERVE_RUNTIME_DIR": "/nowhere", "HOME": "/nowhere"}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program], env=env, cwd=root, capture_output=True, text=True, check=True
    )
    loaded = {name.lower().replace("_", "-") for name in json.loads(ran.stdout.splitlines()[-1])}
    # its messages stand below a bare package, and leave no trace; setuptools is the environment's own
    unbound = loaded - pins.closure(pins.ROOTS) - {"tensorflow-serving-api", "setuptools", "tensorflow-cpu"}
    assert not unbound


def test_credentials_in_an_indexs_address_are_masked() -> None:
    assert pipwords.masked("Looking in indexes: https://me:pw@host/simple, https://tok@h2/") == (
        "Looking in indexes: https://****@host/simple, https://****@h2/"
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["ERROR: HTTP error 403 Client Error: Forbidden for url: https://h/"], "refused access (403)"),
        (
            ["Collecting odd", "error: subprocess-exited-with-error", "ERROR: Failed to build 'odd'"],
            "odd comes as source and could not be built",
        ),
        (
            [
                "Collecting git+https://h/odd.git",
                "ERROR: Cannot find command 'git' - do you have 'git' installed?",
            ],
            "git+https://h/odd.git comes from a repository, and the image has no git",
        ),
        (["ERROR: Could not install packages: [Errno 28] No space left on device"], "the disk is full"),
        (
            ["ERROR: Could not find a version that satisfies the requirement a==9 (from versions: 1.0, 2.0)"],
            "no version of it satisfies a==9 (there are: 1.0, 2.0)",
        ),
        (["something", "ERROR: strange things"], "could not be installed: strange things"),
        ([], "pip said nothing"),
    ],
)
def test_why_pip_failed_is_told_in_one_line(said: list[str], told: str) -> None:
    message = pipwords.failure(said, offline=False).message
    assert told in message
    assert "\n" not in message
