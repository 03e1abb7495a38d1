"""``scripts/policy`` and ``scripts/stack`` as programs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WORDS = ["--instance-type", "inf1.xlarge", "--image", "ghcr.io/team/neuronserve", "--region", "us-east-1"]


def script(name, *words, cwd, given=WORDS):
    environ = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": str(cwd / "none"), "HOME": str(cwd)}
    return subprocess.run(
        [ROOT / "scripts" / name, *given, *words],
        cwd=cwd, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_policies_are_printed_without_a_way_to_aws(tmp_path):
    done = script("policy", "--account", "123456789012", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {"task", "execution", "deployer", "instance"}


def test_an_account_that_nobody_tells_is_one_line_with_what_to_do(tmp_path):
    done = script("policy", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("scripts/policy ecs: the AWS account is not known")
    assert "--account" in line


def test_policies_for_sagemaker_are_printed_without_a_way_to_aws(tmp_path):
    words = ("--endpoint", "digits", "--account", "123456789012", "--region", "us-east-1")
    done = script("policy", "sagemaker", *words, cwd=tmp_path, given=())
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {"execution", "deployer"}


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_stack_is_written_where_it_was_asked(tmp_path, form):
    done = script("stack", "--out", f"stack.{form}", "--output", form, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "AWS::ECS::Service" in (tmp_path / f"stack.{form}").read_text()
