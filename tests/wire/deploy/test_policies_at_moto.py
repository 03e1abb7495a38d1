"""Policies, as far as moto's IAM and STS go."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.policy import program as policy

WORDS = [
    "--instance-type", "inf1.xlarge",
    "--image", "210987654321.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1",
    "--model-uri", "s3://models/digits/",
    "--secret", "TOKEN=/team/token",
]  # fmt: skip


@pytest.fixture
def documents(desk):
    def made(*words):
        desk.out.truncate(0)
        desk.out.seek(0)
        assert program.single("policy", policy, [*WORDS, *words], desk) == exits.YES
        return json.loads(desk.out.getvalue())

    return made


def test_the_account_is_asked_of_sts_when_nothing_else_tells_it(documents):
    assert "arn:aws:logs:us-east-1:123456789012:" in str(documents("--role", "execution"))


@pytest.mark.parametrize("role", ["task", "execution", "instance"])
def test_iam_makes_a_role_of_them(cloud, documents, role):
    trust = documents("--role", role, "--trust")
    cloud.iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
    rights = documents("--role", role)
    cloud.iam.put_role_policy(RoleName=role, PolicyName="rights", PolicyDocument=json.dumps(rights))
    assert cloud.iam.get_role_policy(RoleName=role, PolicyName="rights")["PolicyDocument"] == rights


def test_iam_makes_a_managed_policy_of_a_verbs_rights(cloud, documents):
    rights = documents("--role", "deployer", "--verbs", "run-task", "--task-role", "digits")
    cloud.iam.create_policy(PolicyName="deployer", PolicyDocument=json.dumps(rights))
