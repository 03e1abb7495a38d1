"""Names of images."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ((f"{C}/image", "Nginx:1"), f"{C}/image", "image-form"),
        ((f"{C}/image", "nginx:1 "), f"{C}/image", "image-form"),
        ((f"{C}/image", "nginx@sha256:12"), f"{C}/image", "image-form"),
        ((f"{C}/image", f"{'a' * 255}:1"), f"{C}/image", "image-form"),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code", "severity"),
    [
        ((f"{C}/image", "nginx"), f"{C}/image", "image-not-pinned", "note"),
        ((f"{C}/image", "localhost:5000/a/b:latest"), f"{C}/image", "image-not-pinned", "note"),
    ],
)
def test_what_works_and_is_not_as_one_would_want_is_a_warning_or_a_note(changes, pointer, code, severity):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): severity}


@pytest.mark.parametrize(
    "changes",
    [
        (f"{C}/image", f"public.ecr.aws/a/b@sha256:{'0' * 64}"),
        (f"{C}/image", f"registry.example.com:5000/a/b_c/d--e:T_1@sha256:{'0' * 64}"),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}
