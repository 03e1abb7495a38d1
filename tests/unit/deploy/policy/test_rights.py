from __future__ import annotations

from pathlib import Path

import pytest

import neuronserve.deploy.ecs as room
from neuronserve.deploy.ecs import verbs
from neuronserve.deploy.policy.rights import RIGHTS, On
from tests.deploying import awscalls
from tests.deploying.iamreference import exists

ROOM = Path(room.__file__).parent
GRANTED = {action for rights in RIGHTS.values() for actions in rights.values() for action in actions}
MODEL = {"s3:GetObject", "s3:ListBucket"}  # of On.MODEL, whose statements are the task role's


def test_every_verb_has_its_rights():
    assert set(RIGHTS) == {*verbs.TASK_DEFINITION, *verbs.ECS}


@pytest.mark.parametrize("action", sorted(GRANTED))
def test_an_action_is_one_that_aws_has(action):
    assert exists(action)


@pytest.mark.parametrize("file", sorted(ROOM.rglob("*.py")), ids=lambda file: str(file.relative_to(ROOM)))
def test_every_call_in_the_code_has_its_right(file):
    assert awscalls.actions(file.read_text()) <= GRANTED | MODEL


@pytest.mark.parametrize("verb", sorted(RIGHTS))
def test_every_call_of_a_verbs_own_file_is_its_right(verb):
    own = {action for actions in RIGHTS[verb].values() for action in actions}
    calls = awscalls.actions((ROOM / "verbs" / f"{verb.replace('-', '_')}.py").read_text())
    assert calls <= own | (MODEL if On.MODEL in RIGHTS[verb] else set())


def test_calls_are_found_in_code():
    source = """
def run(desk, aws, ecr):
    desk.aws.ecs.run_task()
    pages = aws.iam.get_paginator("simulate_principal_policy").paginate()
    method = aws.scaling.put_scaling_policy
    aws.s3.head_object()
    ecr.batch_get_image()
"""
    assert awscalls.actions(source) == {
        "ecs:RunTask",
        "iam:SimulatePrincipalPolicy",
        "application-autoscaling:PutScalingPolicy",
        "s3:GetObject",
        "ecr:BatchGetImage",
    }
