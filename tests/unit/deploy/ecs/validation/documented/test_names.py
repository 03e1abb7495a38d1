"""Names of families, containers, volumes and ports."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"
PORTS = f"{C}/portMappings"
SECOND = {"name": "side", "image": "busybox:1", "memory": 64}


def mapping(**members):
    return [{"containerPort": 80, **members}]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (("/family", "a b"), "/family", "bad-name"),
        (("/family", "a" * 256), "/family", "bad-name"),
        ((f"{C}/name", "web.1"), f"{C}/name", "bad-name"),
        ((f"{C}/name", ""), C, "missing-member"),
        ((f"{C}/image", ""), C, "missing-member"),
        (("/volumes", [{"name": "a/b"}]), "/volumes/0/name", "bad-name"),
        ((PORTS, mapping(name="HTTP")), f"{PORTS}/0/name", "bad-name"),
        ((PORTS, mapping(name="-http")), f"{PORTS}/0/name", "bad-name"),
        (("/volumes", [{"name": "a"}, {"name": "a"}]), "/volumes/1/name", "duplicate-volume"),
        (
            ("/containerDefinitions/-", {**SECOND, "name": "web"}),
            "/containerDefinitions/1/name",
            "duplicate-container",
        ),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code", "severity"),
    [
        (("/taskDefinitionArn", "arn", "/revision", 3), "", "response-only", "note"),
    ],
)
def test_what_works_and_is_not_as_one_would_want_is_a_warning_or_a_note(changes, pointer, code, severity):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): severity}
