"""``scripts/instances`` as a program."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def instances(*words, **options):
    return subprocess.run(
        [ROOT / "scripts/instances", *words], capture_output=True, text=True, check=False, **options
    )


def test_it_prints_the_catalogue_from_any_folder(tmp_path):
    done = instances("inf1.6xlarge", "--output", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["types"][0]["chips"] == 4


def test_a_mistake_is_one_line_and_exit_code_2():
    done = instances("inf1.7xlarge")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "scripts/instances: instance type 'inf1.7xlarge'" in done.stderr
