"""Tags."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (("/tags", [{"key": "AWS:x", "value": ""}]), "/tags/0/key", "reserved-tag"),
        (("/tags", [{"key": "x", "value": "aws:y"}]), "/tags/0/value", "reserved-tag"),
        (("/tags", [{"key": "x"}, {"key": "x"}]), "/tags/1/key", "duplicate-tag"),
        (("/tags", [{"value": "x"}]), "/tags/0", "missing-member"),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    "changes",
    [
        ("/tags", [{"key": "a", "value": "b"}, {"key": "A"}]),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}
