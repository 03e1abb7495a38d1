"""Whole task definitions, as files that a person can read and a change shows up in.

``RENEW_GOLDEN=1 pytest tests/unit/deploy/ecs/rendering/test_golden.py`` writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neuronserve.deploy import program
from neuronserve.deploy.ecs.verbs import render
from tests.deploying.task_specs import MODES, possible

GOLDEN = Path(__file__).with_name("golden")
COMMON = [
    *("--image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1.0"),
    *("--model-uri", "s3://models/resnet.tar.gz"),
    *("--execution-role", "neuronserve-execution"),
    *("--task-role", "neuronserve-task"),
    *("--region", "us-east-1"),
]
OPTIONS = {"whole": [], "slots": ["--slots", "2"], "managed": ["--managed"]}


@pytest.mark.parametrize("mode", MODES)
def test_the_task_definitions_of_all_types_are_those_in_the_files(mode, desk, tmp_path, monkeypatch):
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    renew = bool(os.environ.get("RENEW_GOLDEN"))
    folder = GOLDEN / mode if renew else tmp_path
    argv = ["--all", "--out", str(folder), "--force", *COMMON, *OPTIONS[mode]]
    assert program.single("render", render, argv, desk) == 0, desk.err.getvalue()
    made = {file.name: file.read_text() for file in folder.iterdir()}
    assert made == {file.name: file.read_text() for file in (GOLDEN / mode).iterdir()}
    assert set(made) == {f"{name}.json" for name in possible(mode)}
