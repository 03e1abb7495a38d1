from __future__ import annotations

import json

import pytest
import yaml

from neuronserve.deploy import exits, program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.stack import program as stack
from neuronserve.deploy.stack.template import INLINE_LIMIT

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1"
PLAIN = ["--instance-type", "inf1.6xlarge", "--image", IMAGE, "--model-uri", "s3://models/digits.tar.gz"]


@pytest.fixture
def run(desk_with):
    """``run(*words) -> (exit code, what was printed, what was said)``; AWS is out of reach."""

    def run(*words, plain=PLAIN, region="us-east-1"):
        desk = desk_with(aws=Aws(region=region))
        desk.out.truncate(0)
        desk.out.seek(0)
        code = program.single("stack", stack, [*plain, *words], desk)
        return code, desk.out.getvalue(), desk.err.getvalue()

    return run


def test_the_template_is_printed(run):
    code, text, _ = run()
    assert code == exits.YES
    assert json.loads(text)["Resources"]["Service"]["Type"] == "AWS::ECS::Service"


def test_notes_name_no_region_when_the_stack_decides_it(run):
    _, _, notes = run(region="")
    assert "is not offered in" not in notes


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ((), "the load balancer speaks HTTP"),
        (("--internet-facing",), "anybody on the way can read and change requests"),
        (("--certificate", "arn:aws:acm:us-east-1:123456789012:certificate/1234"), ""),
        (("--domain", "a.example.com", "--hosted-zone", "Z123"), ""),
    ],
)
def test_a_load_balancer_without_tls_is_noted(run, words, note):
    _, _, notes = run("--load-balancer", "--client-cidr", "10.0.0.0/16", *words)
    assert note in notes
    assert ("HTTP" in notes) == bool(note)


def test_yaml_says_the_same(run):
    _, text, _ = run()
    _, other, _ = run("--output", "yaml")
    assert yaml.safe_load(other) == json.loads(text)


def test_a_file_is_written_when_asked(run, tmp_path):
    _, text, _ = run()
    code, printed, said = run("--out", str(tmp_path / "stack.json"))
    assert (code, printed) == (exits.YES, "")
    assert (tmp_path / "stack.json").read_text() == text
    assert "stack.json" in said


def test_a_dry_run_writes_nothing(run, tmp_path):
    code, printed, _ = run("--out", str(tmp_path / "stack.json"), "--dry-run")
    assert code == exits.YES
    assert json.loads(printed)
    assert not list(tmp_path.iterdir())


def test_json_that_would_be_too_large_is_written_densely(run):
    code, text, said = run("--slots", "4", "--load-balancer", "--scale", "cpu=60")
    assert code == exits.YES
    assert len(text.encode()) <= INLINE_LIMIT
    assert text.count("\n") == 1
    assert "--s3-bucket" not in said


def test_one_that_is_too_large_all_the_same_is_told_of(run):
    large = ["--instance-type", "inf1.24xlarge", "--image", IMAGE, "--slots", "16", "--load-balancer"]
    code, text, said = run(plain=large)
    assert code == exits.YES
    assert json.loads(text)
    assert "--s3-bucket" in said


def test_no_region_is_needed_because_the_stack_has_one(run, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    code, text, _ = run(plain=[*PLAIN[:2], "--image", "ghcr.io/team/neuronserve"], region=None)
    assert code == exits.YES
    (container,) = json.loads(text)["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    assert container["LogConfiguration"]["Options"]["awslogs-region"] == {"Ref": "AWS::Region"}
    assert {"Name": "AWS_REGION", "Value": {"Ref": "AWS::Region"}} in container["Environment"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--scale", "gpu=1"], "--scale gpu=1"),
        (["--scale", "requests=10"], "--load-balancer"),
        (["--certificate", "arn:aws:acm:us-east-1:123456789012:certificate/1"], "--load-balancer"),
        (["--managed"], "Inf1"),
        (["--slots", "9"], "9 slots"),
        (["--tasks", "-1"], "--tasks"),
        (["--client-cidr", "everybody"], "--client-cidr"),
        (["--alarms-topic", "alarms"], "--alarms-topic"),
        (["--load-balancer", "--certificate", "mine"], "--certificate"),
        (["--secret", "A=not a secret"], "secret A"),
        (["--out", "/nonexistent/stack.json"], "/nonexistent/stack.json"),
    ],
)
def test_what_cannot_be_is_one_line_with_what_to_do(run, words, told):
    code, text, said = run(*words)
    assert code == exits.INPUT
    assert text == ""
    last = said.splitlines()[-1]
    assert last.startswith("stack: ")
    assert told in last
    assert not [line for line in said.splitlines()[:-1] if not line.startswith("note: ")]
