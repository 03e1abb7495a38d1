"""What one container of a task has to do with another."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"
SECOND = {"name": "side", "image": "busybox:1", "memory": 64}


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (
            (f"{C}/dependsOn", [{"containerName": "x", "condition": "START"}]),
            f"{C}/dependsOn/0/containerName",
            "unknown-container",
        ),
        (
            (f"{C}/dependsOn", [{"containerName": "web", "condition": "START"}]),
            f"{C}/dependsOn/0/containerName",
            "depends-on-itself",
        ),
        (
            (
                "/containerDefinitions/-",
                SECOND,
                f"{C}/dependsOn",
                [{"containerName": "side", "condition": "SUCCESS"}],
            ),
            f"{C}/dependsOn/0/condition",
            "waits-for-essential",
        ),
        (
            (
                "/containerDefinitions/-",
                SECOND,
                f"{C}/dependsOn",
                [{"containerName": "side", "condition": "HEALTHY"}],
            ),
            f"{C}/dependsOn/0/condition",
            "waits-for-health",
        ),
        (
            (
                "/containerDefinitions/-",
                {**SECOND, "dependsOn": [{"containerName": "web", "condition": "START"}]},
                f"{C}/dependsOn",
                [{"containerName": "side", "condition": "START"}],
            ),
            f"{C}/dependsOn",
            "dependency-cycle",
        ),
        ((f"{C}/essential", False), "/containerDefinitions", "no-essential-container"),
        ((f"{C}/links", ["nobody:alias"]), f"{C}/links/0", "unknown-container"),
        (
            ("/networkMode", "awsvpc", "/containerDefinitions/-", SECOND, f"{C}/links", ["side"]),
            f"{C}/links/0",
            "link-without-bridge",
        ),
        (
            (f"{C}/volumesFrom", [{"sourceContainer": "x"}]),
            f"{C}/volumesFrom/0/sourceContainer",
            "unknown-container",
        ),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    "changes",
    [
        (
            "/containerDefinitions/-",
            {**SECOND, "essential": False, "dependsOn": [{"containerName": "web", "condition": "START"}]},
        ),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}


def test_a_cycle_of_several_containers_is_told_once():
    names = ["a", "b", "c", "d"]
    containers = [
        {**SECOND, "name": name, "dependsOn": [{"containerName": after, "condition": "START"}]}
        for name, after in zip(names, ["b", "c", "a", "a"], strict=True)
    ]
    assert told(changed(MINIMAL, "/containerDefinitions", containers)) == {
        ("/containerDefinitions/0/dependsOn", "dependency-cycle"): "error"
    }
