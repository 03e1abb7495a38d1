"""A model with code of its own, through the whole stack, as AWS's container would get it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.wheels import wheel

JSON = {"Content-Type": "application/json"}
BODY = b'{"instances": [[1.0, 2.0, 5.0]]}'
ANSWER = {"predictions": [[2.0, 4.0, 10.0]]}
HANDLER = """
import threading

import requests

import greeting


def handler(data, context):
    kind = context.request_content_type
    print("handling", kind)
    if kind == "test/slow":
        threading.Event().wait(60)
    if kind == "test/broken":
        raise ValueError("the reason")
    if kind == "test/greet":
        return greeting.VERSION, "text/plain"
    return requests.post(context.rest_uri, data=data.read()).content, context.accept_header
"""


@pytest.fixture
def coded(doubling: Path, tmp_path: Path) -> Path:
    """The doubling model with ``code/``: a handler, a requirement, and the wheel for it."""
    folder = tmp_path / "coded"
    shutil.copytree(doubling, folder)
    (folder / "code").mkdir()
    (folder / "code" / "inference.py").write_text(HANDLER)
    (folder / "code" / "requirements.txt").write_text("greeting\n")
    wheel(folder / "code" / "wheels", "greeting", "2.5")
    return folder


def test_a_handler_from_an_archive_serves_with_its_packages_and_its_faults_are_in_the_log(
    serve, stored, coded
) -> None:
    service = serve(**stored(coded), SERVE_DEADLINE_SECONDS="2")
    service.wait_ready()
    answer = service.post("/invocations", BODY, JSON)
    assert (answer.status, answer.json()) == (200, ANSWER)
    service.wait_for("what it prints", lambda: "handling application/json" in service.lines())
    greeted = service.post("/invocations", b"", {"Content-Type": "test/greet"})
    assert (greeted.status, greeted.body) == (200, b"2.5")

    broken = service.post("/invocations", b"", {"Content-Type": "test/broken"})
    assert (broken.status, broken.json()["code"]) == (500, "handler_failed")
    assert broken.json()["error"] == "the reason"
    service.wait_for(
        "the reason in the log",
        lambda: [
            line
            for line in service.log()
            if broken.json()["request_id"] in line.get("message", "")
            and "code/inference.py:15 in handler: ValueError: the reason" in line["message"]
        ],
    )
    late = service.post("/invocations", b"", {"Content-Type": "test/slow"})
    assert (late.status, late.json()["code"]) == (504, "deadline_exceeded")
    assert service.post("/invocations", BODY, JSON).status == 200
    assert service.stop() == 0

    again = serve(**stored(coded))
    again.wait_ready()
    assert any("it is used again" in line.get("message", "") for line in again.log())
    assert again.stop() == 0


def ended(service, code: int) -> str:
    assert service.process.wait(60) == code
    return json.dumps(service.log())


def test_a_script_that_cannot_be_loaded_ends_the_start_with_its_exit_code(serve, coded) -> None:
    (coded / "code" / "inference.py").write_text("import greeting\n\nimport cv2_is_not_here\n")
    log = ended(serve(MODEL_URI=str(coded), MODEL_SERVER="cpu"), 26)
    assert "code/inference.py:3 in <module>: ModuleNotFoundError: No module named 'cv2_is_not_here'" in log


@pytest.mark.parametrize(
    ("module", "listed"),
    [("sklearn", "scikit-learn"), ("yaml", "pyyaml"), ("moto", "moto"), ("scipy.stats", "scipy")],
)
def test_a_package_of_the_checkout_alone_ends_the_start_as_it_ends_the_images(
    serve, coded, module: str, listed: str
) -> None:
    (coded / "code" / "inference.py").write_text(f"import {module}\ndef handler(data, context): ...\n")
    log = ended(serve(MODEL_URI=str(coded), MODEL_SERVER="cpu"), 26)
    top = module.partition(".")[0]
    assert f"ModuleNotFoundError: No module named '{top}'" in log
    assert f"{top} is not in the image: list {listed} in code/requirements.txt" in log


def test_a_package_that_is_imported_by_a_request_alone_is_not_found_either(serve, coded) -> None:
    (coded / "code" / "inference.py").write_text(
        "def handler(data, context):\n    import sklearn\n    return sklearn.__version__, 'text/plain'\n"
    )
    service = serve(MODEL_URI=str(coded), MODEL_SERVER="cpu")
    service.wait_ready()
    answer = service.post("/invocations", BODY, JSON)
    assert (answer.status, answer.json()["error"]) == (500, "No module named 'sklearn'")
    assert service.stop() == 0


def test_requirements_that_cannot_be_had_end_the_start_with_their_exit_code(serve, coded) -> None:
    (coded / "code" / "requirements.txt").write_text("greeting>=3\n")
    log = ended(serve(MODEL_URI=str(coded), MODEL_SERVER="cpu"), 25)
    assert "no wheel in the archive satisfies greeting>=3 (there are: 2.5)" in log
