"""``scripts/task-definition validate`` as a process: files, standard input, exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = [ROOT / "scripts" / "task-definition"]
SAMPLE = ROOT / "tests/unit/deploy/ecs/validation/samples/aws_sample_inf1.json"


def run(*words, given=None):
    return subprocess.run(
        [*SCRIPT, *words], input=given, capture_output=True, text=True, timeout=120, check=False
    )


def test_awss_sample_is_judged_and_the_process_says_so():
    done = run("validate", "--output", "json", str(SAMPLE))
    assert done.returncode == 1
    codes = {finding["code"] for finding in json.loads(done.stdout)["findings"]}
    assert {"instance-type-case", "memory-not-placeable", "port-not-listened"} <= codes


def test_what_render_writes_validate_takes():
    what = [
        "--instance-type",
        "inf1.6xlarge",
        "--image",
        "neuronserve:1",
        "--model-uri",
        "s3://models/a.tar.gz",
    ]
    rendered = run("render", *what, "--slots", "4")
    assert rendered.returncode == 0, rendered.stderr
    done = run("validate", "--strict", "-", given=rendered.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "4 task definitions in 1 file: nothing to object to\n"
