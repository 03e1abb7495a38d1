from __future__ import annotations

import json

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.policy import program as policy
from tests.deploying.iam import may

ACCOUNT = "123456789012"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/neuronserve"
PLAIN = ["--instance-type", "inf1.6xlarge", "--image", f"{REPOSITORY}:1", "--family", "digits"]


@pytest.fixture
def run(desk_with):
    """``run(*words) -> (exit code, document, what was said)``, in us-east-1 and without a way to AWS."""

    def run(*words):
        desk = desk_with(aws=Aws(region="us-east-1"))
        desk.out.truncate(0)
        desk.out.seek(0)
        code = program.single("policy", policy, [*PLAIN, *words], desk)
        text = desk.out.getvalue()
        return code, json.loads(text) if text else None, desk.err.getvalue()

    return run


def test_one_role_is_the_document_itself(run):
    code, document, _ = run("--account", ACCOUNT, "--role", "task", "--model-uri", "s3://models/a")
    assert code == exits.YES
    assert may(document, "s3:GetObject", "arn:aws:s3:::models/a")


def test_all_of_them_are_an_object_with_a_key_for_each(run):
    _, documents, _ = run("--account", ACCOUNT)
    assert list(documents) == list(policy.ROLES)


def test_the_account_is_that_of_a_role(run):
    _, document, _ = run("--role", "execution", "--task-role", "arn:aws:iam::210987654321:role/a")
    assert "210987654321:log-group" in str(document)


def test_slots_are_a_pattern_of_families(run):
    _, document, _ = run(
        "--account", ACCOUNT, "--role", "deployer", "--slots", "4", "--verbs", "deploy-service"
    )
    here = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
    assert may(document, "ecs:RegisterTaskDefinition", f"{here}:task-definition/digits-slot3:1")
    assert may(document, "ecs:UpdateService", f"{here}:service/default/digits-slot3")
    assert not may(document, "ecs:UpdateService", f"{here}:service/default/digits")


def test_services_may_be_named(run):
    _, document, _ = run(
        "--account", ACCOUNT, "--role", "deployer", "--service", "a", "--service", "b",
        "--verbs", "stop,scale", "--cluster", f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/neuron",
    )  # fmt: skip
    arn = f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/neuron/"
    assert may(document, "ecs:UpdateService", f"{arn}a")
    assert may(document, "ecs:UpdateService", f"{arn}b")
    assert not may(document, "ecs:UpdateService", f"{arn}digits")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--account", "12345"], "12 digits"),
        (["--account", ACCOUNT, "--service", "a*"], "--service"),
        (["--account", ACCOUNT, "--cluster", "a b"], "--cluster"),
        (["--account", ACCOUNT, "--verbs", "fly"], "no verb 'fly'"),
        (["--account", ACCOUNT, "--compilation-job", "a"], "--artifact-uri"),
        (["--account", ACCOUNT, "--model-kms-key", "mine", "--model-uri", "s3://models/a"], "KMS key"),
        (["--account", ACCOUNT, "--role", "deployer", "--trust"], "no trust policy"),
        (["--account", ACCOUNT, "--slots", "5"], "5 slots"),
    ],
)
def test_what_cannot_be_is_one_line_with_what_to_do(run, words, told):
    code, document, said = run(*words)
    assert code == exits.INPUT
    assert document is None
    assert told in said
    assert said.count("\n") == 1


def test_a_role_without_rights_is_said_to_need_none(run):
    code, document, said = run("--account", ACCOUNT, "--role", "task")
    assert (code, document["Statement"]) == (exits.YES, [])
    assert "leave the role out" in said


def test_a_deployer_without_roles_is_told_of_passing_them(run):
    _, _, said = run("--account", ACCOUNT, "--role", "deployer")
    assert "--execution-role" in said


def test_one_who_only_looks_passes_no_roles_and_is_told_nothing(run):
    assert run("--account", ACCOUNT, "--role", "deployer", "--verbs", "status,logs")[2] == ""


def test_secrets_need_no_execution_role_yet(run):
    code, document, _ = run("--account", ACCOUNT, "--role", "execution", "--secret", "A=/team/a")
    assert code == exits.YES
    assert may(document, "ssm:GetParameters", f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/team/a")


def test_trust_policies_are_printed_when_asked(run):
    _, documents, _ = run("--account", ACCOUNT, "--trust")
    assert documents["instance"]["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}
