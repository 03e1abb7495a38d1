"""The form of health checks."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ((f"{C}/healthCheck", {"command": ["curl", "x"]}), f"{C}/healthCheck/command/0", "health-check-form"),
        ((f"{C}/healthCheck", {"command": []}), f"{C}/healthCheck/command", "health-check-form"),
        ((f"{C}/healthCheck", {"command": ["CMD"]}), f"{C}/healthCheck/command", "health-check-form"),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code", "severity"),
    [
        (
            (f"{C}/healthCheck", {"command": ["CMD-SHELL", "a", "b"]}),
            f"{C}/healthCheck/command",
            "health-check-form",
            "warning",
        ),
    ],
)
def test_what_works_and_is_not_as_one_would_want_is_a_warning_or_a_note(changes, pointer, code, severity):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): severity}


@pytest.mark.parametrize(
    "changes",
    [
        (f"{C}/healthCheck", {"command": ["NONE"]}),
        (
            f"{C}/healthCheck",
            {"command": ["CMD-SHELL", "curl -f http://localhost/ || exit 1"], "startPeriod": 0},
        ),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}
