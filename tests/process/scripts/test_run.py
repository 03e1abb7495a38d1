"""``scripts/run``, from training to the last prediction, as a person starts it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".cache" / "demo"


def ours():
    """The processes that this test's demonstration could leave behind."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("SERVE_CACHE_DIR", "").startswith(str(FOLDER)) or (
                "demo.store_server" in process.cmdline() and process.cwd() == str(ROOT)
            ):
                found.append(" ".join(process.cmdline()))
    return found


def test_once_trains_pulls_from_s3_predicts_and_leaves_nothing_running(script):
    done = script("run", "--once", "--digits", "30")
    assert done.returncode == 0, done.stdout + done.stderr
    held_out = float(re.search(r"right on ([\d.]+)% of the held-out", done.stdout)[1])
    assert held_out > 97
    assert re.search(r"\d+ of 30 digits right .* median latency [\d.]+ ms", done.stdout)
    assert "█" in done.stdout
    assert "MODEL_URI=s3://" in done.stdout
    assert ours() == []


def test_it_serves_until_ctrl_c_and_the_curl_line_works_as_printed():
    child = subprocess.Popen(
        [sys.executable, "scripts/run", "--port", "0", "--digits", "5"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    line = ""
    with child:
        try:
            said = []
            for text in child.stdout:
                said.append(text)
                line = text if text.startswith("curl ") else line
                if text.startswith("Serving until Ctrl-C"):
                    break
            assert line, "".join(said)
            words = shlex.split(line)
            url, body = words[2], Path(words[-1].removeprefix("@"))
            answer = post(url, body.read_bytes())
            assert len(answer["predictions"][0]) == 10
        finally:
            os.kill(child.pid, signal.SIGINT)
        rest = child.stdout.read()
    assert child.returncode == 0, rest
    assert "nothing is left running" in rest
    assert ours() == []


def post(url, body):
    import requests

    answer = requests.post(url, body, headers={"Content-Type": "application/json"}, timeout=30)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.content)


def test_a_busy_port_is_one_clear_line(script):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = script("run", "--once", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"scripts/run: port {port} cannot be used: Address already in use; try --port 0 for any free one"
    )


def test_a_service_that_ends_is_told_with_its_reason_and_the_end_of_its_log(script):
    done = script("run", "--once", SERVE_LOG_LEVEL="loud")
    assert done.returncode == 1
    assert "exit code 2: one or more environment variables are wrong" in done.stderr
    assert "SERVE_LOG_LEVEL='loud'" in done.stderr
    assert ours() == []


def test_a_killed_demonstration_leaves_neither_its_store_nor_its_service_behind():
    before = set(FOLDER.glob("pulled-*"))
    child = subprocess.Popen(
        [sys.executable, "scripts/run", "--port", "0", "--digits", "1"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    with child:
        for text in child.stdout:
            if text.startswith("Serving until Ctrl-C"):
                break
        child.kill()
    deadline = time.monotonic() + 30
    while left := ours():
        assert time.monotonic() < deadline, left
    for folder in set(FOLDER.glob("pulled-*")) - before:
        shutil.rmtree(folder)


@pytest.mark.parametrize("words", [["--digits", "0"], ["--port", "70000"], ["--no-such"]])
def test_wrong_arguments_are_refused_before_anything_starts(script, words):
    done = script("run", *words)
    assert done.returncode == 2
    assert "usage: scripts/run" in done.stderr
