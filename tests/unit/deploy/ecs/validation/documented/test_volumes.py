"""Volumes and mounts."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (
            (f"{C}/mountPoints", [{"sourceVolume": "x", "containerPath": "/x"}]),
            f"{C}/mountPoints/0/sourceVolume",
            "unknown-volume",
        ),
        (
            ("/volumes", [{"name": "x"}], f"{C}/mountPoints", [{"sourceVolume": "x"}]),
            f"{C}/mountPoints/0",
            "missing-member",
        ),
        (
            (
                "/volumes",
                [
                    {
                        "name": "x",
                        "host": {"sourcePath": "/a"},
                        "efsVolumeConfiguration": {"fileSystemId": "fs-1"},
                    }
                ],
            ),
            "/volumes/0",
            "volume-kinds",
        ),
        (
            (
                "/volumes",
                [
                    {
                        "name": "x",
                        "efsVolumeConfiguration": {
                            "fileSystemId": "fs-1",
                            "authorizationConfig": {"iam": "ENABLED"},
                        },
                    }
                ],
            ),
            "/volumes/0/efsVolumeConfiguration",
            "efs-encryption",
        ),
        (
            (
                "/volumes",
                [{"name": "x", "configuredAtLaunch": True}, {"name": "y", "configuredAtLaunch": True}],
            ),
            "/volumes/1/configuredAtLaunch",
            "volume-at-launch",
        ),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    "changes",
    [
        ("/volumes", [{"name": "x"}], f"{C}/mountPoints", [{"sourceVolume": "x", "containerPath": "/x"}]),
        ("/volumes", [{"name": "x", "host": {}, "dockerVolumeConfiguration": {"scope": "task"}}]),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}


def test_an_access_point_has_a_root_of_its_own():
    efs = {
        "fileSystemId": "fs-1",
        "rootDirectory": "/models",
        "transitEncryption": "ENABLED",
        "authorizationConfig": {"accessPointId": "fsap-1"},
    }
    place = "/volumes/0/efsVolumeConfiguration/rootDirectory"
    request = changed(MINIMAL, "/volumes", [{"name": "x", "efsVolumeConfiguration": efs}])
    assert told(request) == {(place, "efs-root"): "error"}
    assert told(changed(request, place, "/")) == {}
