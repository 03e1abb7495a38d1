"""What AWS Fargate asks for, and what it has not."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told, without

C = "/containerDefinitions/0"
ROLE = ("/executionRoleArn", "execution")
WITHOUT_PREFIX = {"awslogs-group": "g", "awslogs-region": "us-east-1"}
LOGS = {**WITHOUT_PREFIX, "awslogs-stream-prefix": "p"}
FARGATE = changed(
    MINIMAL,
    *("/requiresCompatibilities", ["FARGATE"]),
    *("/networkMode", "awsvpc"),
    *("/cpu", "256"),
    *("/memory", "512"),
)


def test_a_task_for_fargate_has_no_finding():
    assert told(FARGATE) == {}
    assert told(changed(FARGATE, "/cpu", "16 vCPU", "/memory", "120 GB")) == {}
    tmpfs = {"tmpfs": [{"containerPath": "/scratch", "size": 64}]}  # since January 2026
    assert told(changed(FARGATE, f"{C}/linuxParameters", tmpfs)) == {}


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (("/networkMode", "bridge"), "/networkMode", "not-on-fargate"),
        (("/cpu", "300"), "/cpu", "fargate-size"),
        (("/memory", "513"), "/memory", "fargate-size"),
        (("/memory", "1025", "/cpu", "512"), "/memory", "fargate-size"),
        ((f"{C}/startTimeout", 1), f"{C}/startTimeout", "out-of-range"),
        ((f"{C}/stopTimeout", 121), f"{C}/stopTimeout", "out-of-range"),
        ((f"{C}/privileged", True), f"{C}/privileged", "not-on-fargate"),
        (
            (f"{C}/linuxParameters", {"sharedMemorySize": 1}),
            f"{C}/linuxParameters/sharedMemorySize",
            "not-on-fargate",
        ),
        (
            (f"{C}/logConfiguration", {"logDriver": "json-file"}),
            f"{C}/logConfiguration/logDriver",
            "not-on-fargate",
        ),
        (
            ("/placementConstraints", [{"type": "memberOf", "expression": "agentConnected == true"}]),
            "/placementConstraints",
            "not-on-fargate",
        ),
        (
            (f"{C}/image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1"),
            f"{C}/image",
            "no-execution-role",
        ),
        (
            (*ROLE, f"{C}/logConfiguration", {"logDriver": "awslogs", "options": WITHOUT_PREFIX}),
            f"{C}/logConfiguration/options",
            "missing-log-option",
        ),
        (
            (f"{C}/logConfiguration", {"logDriver": "awslogs", "options": LOGS}),
            f"{C}/logConfiguration/logDriver",
            "no-execution-role",
        ),
    ],
)
def test_what_fargate_has_not_is_an_error(changes, pointer, code):
    assert told(changed(FARGATE, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize("member", ["cpu", "memory"])
def test_fargate_needs_the_tasks_size(member):
    assert told(without(FARGATE, f"/{member}")) == {("", "missing-member"): "error"}


def test_fargate_has_no_chips():
    devices = {"devices": [{"hostPath": "/dev/neuron0"}]}
    found = told(changed(FARGATE, f"{C}/linuxParameters", devices))
    assert found[f"{C}/linuxParameters/devices", "not-on-fargate"] == "error"
