"""Log drivers."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"
LOGS = {"awslogs-group": "g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (
            (
                f"{C}/logConfiguration",
                {"logDriver": "awslogs", "options": {k: v for k, v in LOGS.items() if k != "awslogs-region"}},
            ),
            f"{C}/logConfiguration/options",
            "missing-log-option",
        ),
        (
            (f"{C}/logConfiguration", {"logDriver": "splunk", "options": {"splunk-url": "https://x"}}),
            f"{C}/logConfiguration/options",
            "missing-log-option",
        ),
        (
            (f"{C}/logConfiguration", {"logDriver": "awslogs", "options": {**LOGS, "mode": "fast"}}),
            f"{C}/logConfiguration/options/mode",
            "log-option",
        ),
        (
            (
                f"{C}/logConfiguration",
                {
                    "logDriver": "awslogs",
                    "options": {**LOGS, "awslogs-datetime-format": "%d", "awslogs-multiline-pattern": "^a"},
                },
            ),
            f"{C}/logConfiguration/options/awslogs-multiline-pattern",
            "log-option",
        ),
        (
            (f"{C}/logConfiguration", {"logDriver": "awsfirelens"}),
            f"{C}/logConfiguration/logDriver",
            "no-log-router",
        ),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code", "severity"),
    [
        (
            (
                f"{C}/logConfiguration",
                {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "r"}},
            ),
            f"{C}/logConfiguration/options",
            "no-stream-prefix",
            "warning",
        ),
        *(
            (
                (f"{C}/logConfiguration", {"logDriver": "awslogs", "options": {**LOGS, name: "25m"}}),
                f"{C}/logConfiguration/options/{name}",
                "unknown-log-option",
                "warning",
            )
            for name in ("max_buffer_size", "awslogs-endpoint")
        ),
    ],
)
def test_what_works_and_is_not_as_one_would_want_is_a_warning_or_a_note(changes, pointer, code, severity):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): severity}


@pytest.mark.parametrize(
    "changes",
    [
        (f"{C}/logConfiguration", {"logDriver": "awslogs", "options": LOGS}),
        (
            f"{C}/logConfiguration",
            {
                "logDriver": "awslogs",
                "options": {**LOGS, "max-buffer-size": "25m", "awslogs-create-group": "true"},
            },
        ),
        (f"{C}/logConfiguration", {"logDriver": "json-file", "options": {"max-size": "10m"}}),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}


def test_a_task_has_one_log_router():
    router = {"firelensConfiguration": {"type": "fluentbit"}, "image": "router:1", "memory": 64}
    containers = [{"name": name, **router} for name in ("one", "two")]
    assert told(changed(MINIMAL, "/containerDefinitions", containers)) == {
        ("/containerDefinitions/1/firelensConfiguration", "two-log-routers"): "error"
    }
