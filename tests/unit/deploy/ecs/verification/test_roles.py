"""Trust policies that let ECS take on a role, and those that do not."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.verification import roles

ECS = {"Service": "ecs-tasks.amazonaws.com"}


def statement(principal=ECS, action="sts:AssumeRole", effect="Allow", **more):
    return {"Effect": effect, "Principal": principal, "Action": action, **more}


@pytest.mark.parametrize(
    ("statements", "answer"),
    [
        (statement(), False),
        ([statement()], False),
        ([statement({"Service": ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]})], False),
        ([statement(action=["sts:TagSession", "sts:AssumeRole"])], False),
        ([statement(action="sts:*")], False),
        ([statement(action="STS:ASSUMEROLE")], False),
        ([statement("*")], False),
        ([statement(Condition={"StringEquals": {"aws:SourceAccount": "123456789012"}})], True),
        ([statement(Condition={"StringEquals": {}}), statement()], False),
        ([statement({"Service": "ecs.amazonaws.com"})], None),
        ([statement({"AWS": "arn:aws:iam::123456789012:root"})], None),
        ([statement(action="sts:TagSession")], None),
        ([statement(), statement(effect="Deny")], None),
        ([], None),
        (None, None),
    ],
)
def test_whether_ecs_may_assume_it(statements, answer):
    assert roles.assumable({"Statement": statements}) is answer


def test_a_path_is_no_part_of_a_roles_name():
    assert roles.name_of("arn:aws:iam::123456789012:role/team/served") == "served"
    assert roles.name_of("served") == "served"
