"""For whatever is wrong with a start, ``serve doctor`` ends with the code that ``serve`` ends with."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from tests.ports import free_port
from tests.process.conftest import ROOT
from tests.process.doctor.broken_starts import MAKERS

# what a start ends with where that is the point of the case; 0: it serves
KNOWN = {
    "no_tags": 30,
    "other_tags_only": 30,
    "two_tag_sets": 0,
    "unregistered_op": 30,
    "empty_folder": 20,
    "another_framework": 24,
    "damaged_graph": 30,
    "cache_that_is_a_file": 29,
    "cut_archive": 18,
    "whole_archive": 0,
    "wrong_digest": 17,
    "wrong_settings": 2,
    "handler_that_raises": 26,
    "requirement_that_nobody_has": 25,
    "golden_answers_that_differ": 34,
    "golden_answers_that_are_right": 0,
    "own_warm_up_that_is_refused": 30,
    "own_warm_up_that_is_no_record": 30,
    "csv_columns_that_are_not_the_inputs": 23,
    "recorded_warm_up_that_is_refused": 33,
    "program_that_ends_at_once": 30,
    "default_model_that_is_not_there": 21,
    "compiled_on_the_cpu": 0,
    "batch_that_was_not_compiled": 2,
    "batching_file_that_is_too_small": 2,
    "simulated_host": 0,
    "simulated_host_of_another_generation": 37,
    "simulated_host_that_is_too_small": 36,
    "multi_model": 0,
}


def diagnosed(environ, cwd):
    """The doctor's exit code and what it says, with nothing left out."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, str(ROOT / "serve"), "doctor", "--json"],
        env={**clean, "PYTHONPATH": str(ROOT), **environ},
        cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert not done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def ended_with(service):
    """The exit code of a start; 0 where it serves."""
    service.wait_for("ready, or an end", lambda: service.process.poll() is not None or _ready(service), 120)
    return service.stop() if service.process.poll() is None else service.wait_exit()


def _ready(service):
    return service.state().state == "ready"


@pytest.mark.parametrize("name", MAKERS)
def test_the_doctor_ends_with_the_code_of_serve(serve, tmp_path, name):
    folder = tmp_path / "f"
    folder.mkdir()
    environ = {
        "MODEL_SERVER": "cpu",
        "SERVE_CACHE_DIR": str(folder / "cache"),
        "SERVE_START_ATTEMPTS": "1",
        **MAKERS[name](folder),
    }
    code, document = diagnosed({**environ, "SAGEMAKER_BIND_TO_PORT": str(free_port())}, tmp_path)
    faults = [one for one in document["findings"] if one["level"] in ("fail", "skip")]
    assert code == ended_with(serve(**environ)), faults
    assert code == KNOWN.get(name, code), faults
    # what says so names what to do
    assert all(one["fix"] for one in faults if one["level"] == "fail"), faults


def test_a_port_that_is_taken(serve, tmp_path):
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = str(taken.getsockname()[1])
        environ = {"MODEL_SERVER": "cpu", **MAKERS["two_tag_sets"](tmp_path), "SAGEMAKER_BIND_TO_PORT": port}
        code, _ = diagnosed(environ, tmp_path)
        assert code == ended_with(serve(**environ)) == 32


def test_a_runtime_folder_that_another_serve_uses(serve, tmp_path):
    environ = {"MODEL_SERVER": "cpu", **MAKERS["two_tag_sets"](tmp_path)}
    first = serve(**environ)
    first.wait_ready()
    shared = {**environ, "SERVE_RUNTIME_DIR": str(first.runtime)}
    code, _ = diagnosed({**shared, "SAGEMAKER_BIND_TO_PORT": str(free_port())}, tmp_path)
    assert code == ended_with(serve(**shared)) == 2
    assert first.get("/ping").status == 200
