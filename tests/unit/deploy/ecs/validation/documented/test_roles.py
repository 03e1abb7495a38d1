"""Roles."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (("/taskRoleArn", "arn:aws:iam::12:role/x"), "/taskRoleArn", "role-form"),
        (("/executionRoleArn", "arn:aws:iam::123456789012:user/x"), "/executionRoleArn", "role-form"),
        ((f"{C}/secrets", [{"name": "A", "valueFrom": "name"}]), f"{C}/secrets", "no-execution-role"),
        (
            ("/executionRoleArn", "", f"{C}/secrets", [{"name": "A", "valueFrom": "name"}]),
            f"{C}/secrets",
            "no-execution-role",
        ),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    "changes",
    [
        ("/executionRoleArn", "ecsTaskExecutionRole", "/taskRoleArn", "/service/role"),
        ("/executionRoleArn", "", "/taskRoleArn", ""),
        ("/executionRoleArn", "arn:aws-us-gov:iam::123456789012:role/service-role/ecs+x"),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}
