"""Constraints that ECS cannot read."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (
            ("/placementConstraints", [{"type": "memberOf", "expression": "attribute:x ="}]),
            "/placementConstraints/0/expression",
            "bad-expression",
        ),
        (
            ("/placementConstraints", [{"type": "memberOf", "expression": "x" * 2001}]),
            "/placementConstraints/0/expression",
            "out-of-range",
        ),
        (("/placementConstraints", [{"type": "memberOf"}]), "/placementConstraints/0", "missing-member"),
        (
            ("/placementConstraints", [{"type": "distinctInstance", "expression": "agentConnected == true"}]),
            "/placementConstraints/0/type",
            "unknown-word",
        ),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}
