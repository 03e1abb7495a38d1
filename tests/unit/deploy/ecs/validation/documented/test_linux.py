"""Capabilities, ulimits, tmpfs."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (
            (f"{C}/linuxParameters", {"capabilities": {"add": ["CAP_SYS_ADMIN"]}}),
            f"{C}/linuxParameters/capabilities/add/0",
            "unknown-capability",
        ),
        (
            (f"{C}/linuxParameters", {"capabilities": {"drop": ["FLY"]}}),
            f"{C}/linuxParameters/capabilities/drop/0",
            "unknown-capability",
        ),
        (
            (f"{C}/linuxParameters", {"tmpfs": [{"containerPath": "tmp", "size": 1}]}),
            f"{C}/linuxParameters/tmpfs/0/containerPath",
            "path-form",
        ),
        (
            (
                f"{C}/linuxParameters",
                {"tmpfs": [{"containerPath": "/t", "size": 1, "mountOptions": ["fast"]}]},
            ),
            f"{C}/linuxParameters/tmpfs/0/mountOptions/0",
            "unknown-mount-option",
        ),
        (
            (f"{C}/ulimits", [{"name": "nofile", "softLimit": 2, "hardLimit": 1}]),
            f"{C}/ulimits/0/softLimit",
            "ulimit-order",
        ),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code", "severity"),
    [
        (
            (f"{C}/linuxParameters", {"swappiness": 5}),
            f"{C}/linuxParameters/swappiness",
            "swappiness-without-effect",
            "warning",
        ),
    ],
)
def test_what_works_and_is_not_as_one_would_want_is_a_warning_or_a_note(changes, pointer, code, severity):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): severity}


@pytest.mark.parametrize(
    "changes",
    [
        (f"{C}/ulimits", [{"name": "memlock", "softLimit": 5, "hardLimit": -1}]),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}
