"""Variables, secrets, environment files, and credentials in plain sight."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"
ROLE = ("/executionRoleArn", "arn:aws:iam::123456789012:role/execution")
KEY = "AKIA" + "IOSFODNN7EXAMPLE"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ((f"{C}/environment", [{"value": "x"}]), f"{C}/environment/0", "missing-member"),
        ((f"{C}/environment", [{"name": "A=B", "value": "x"}]), f"{C}/environment/0/name", "bad-name"),
        (
            (
                *ROLE,
                f"{C}/environment",
                [{"name": "A", "value": "x"}],
                f"{C}/secrets",
                [{"name": "A", "valueFrom": "a"}],
            ),
            f"{C}/secrets/0/name",
            "duplicate-variable",
        ),
        (
            (*ROLE, f"{C}/secrets", [{"name": "A", "valueFrom": "the secret itself"}]),
            f"{C}/secrets/0/valueFrom",
            "secret-form",
        ),
        (
            (*ROLE, f"{C}/secrets", [{"name": "A", "valueFrom": "arn:aws:s3:::bucket/key"}]),
            f"{C}/secrets/0/valueFrom",
            "secret-form",
        ),
        (
            (*ROLE, f"{C}/environmentFiles", [{"type": "s3", "value": "s3://bucket/a.env"}]),
            f"{C}/environmentFiles/0/value",
            "environment-file-form",
        ),
        (
            (*ROLE, f"{C}/environmentFiles", [{"type": "s3", "value": "arn:aws:s3:::bucket/a.txt"}]),
            f"{C}/environmentFiles/0/value",
            "environment-file-form",
        ),
        (
            (f"{C}/environment", [{"name": "aws_secret_access_key", "value": "x"}]),
            f"{C}/environment/0/value",
            "plain-credentials",
        ),
        (
            (f"{C}/environment", [{"name": "ANY", "value": f"id {KEY}"}]),
            f"{C}/environment/0/value",
            "plain-credentials",
        ),
        ((f"{C}/command", ["run", f"--key={KEY}"]), f"{C}/command/1", "plain-credentials"),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code", "severity"),
    [
        (
            (f"{C}/environment", [{"name": "A"}, {"name": "A"}]),
            f"{C}/environment/1/name",
            "duplicate-variable",
            "warning",
        ),
        (
            (f"{C}/environment", [{"name": "DB_PASSWORD", "value": "x"}]),
            f"{C}/environment/0/value",
            "plain-secret",
            "warning",
        ),
    ],
)
def test_what_works_and_is_not_as_one_would_want_is_a_warning_or_a_note(changes, pointer, code, severity):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): severity}


@pytest.mark.parametrize(
    "changes",
    [
        (
            *ROLE,
            f"{C}/secrets",
            [
                {
                    "name": "A",
                    "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf:key::1",
                },
                {"name": "B", "valueFrom": "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/a/b"},
                {"name": "C", "valueFrom": "/a/b"},
                {"name": "D", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1"},
            ],
        ),
        *(
            (f"{C}/environment", [{"name": "DB_SECRET", "value": value}])
            for value in ("arn:aws:secretsmanager:us-east-1:123456789012:secret:a", "${SECRET}", "<secret>")
        ),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}
