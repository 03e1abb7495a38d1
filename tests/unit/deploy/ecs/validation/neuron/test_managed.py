"""ECS Managed Instances: what they have not, and what is theirs alone."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"
MANAGED = changed(
    MINIMAL,
    *("/requiresCompatibilities", ["MANAGED_INSTANCES"]),
    *("/networkMode", "awsvpc"),
    *("/executionRoleArn", "execution"),
)
LOGS = {"awslogs-group": "g", "awslogs-region": "us-east-1"}


@pytest.mark.parametrize(
    "changes",
    [
        ("/networkMode", "host"),
        (f"{C}/dockerLabels", {"team": "vision"}),
        (f"{C}/linuxParameters", {"tmpfs": [{"containerPath": "/scratch", "size": 64}]}),
        ("/volumes", [{"name": "v", "host": {"sourcePath": "/var/models"}}]),
        (
            f"{C}/logConfiguration",
            {"logDriver": "awslogs", "options": {**LOGS, "awslogs-stream-prefix": "p"}},
        ),
        (f"{C}/links", []),
        ("/requiresCompatibilities", ["EC2", "MANAGED_INSTANCES"], "/networkMode", "bridge"),
    ],
)
def test_what_they_take_has_no_finding(changes):
    assert told(changed(MANAGED, *changes)) == {}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/networkMode", "bridge"),
        ("/ipcMode", "task"),
        ("/ephemeralStorage", {"sizeInGiB": 30}),
        (f"{C}/hostname", "web"),
        (f"{C}/dnsServers", ["192.0.2.1"]),
        (f"{C}/disableNetworking", True),
    ],
)
def test_what_they_have_not_is_an_error(pointer, value):
    assert told(changed(MANAGED, pointer, value)) == {(pointer, "not-on-managed"): "error"}


@pytest.mark.parametrize("member", ["maxSwap", "sharedMemorySize"])
def test_of_linux_they_have_not_all(member):
    assert told(changed(MANAGED, f"{C}/linuxParameters", {member: 64})) == {
        (f"{C}/linuxParameters/{member}", "not-on-managed"): "error"
    }


def test_a_stream_prefix_is_not_asked_for_as_fargate_does():
    logs = {"logDriver": "awslogs", "options": LOGS}
    assert told(changed(MANAGED, f"{C}/logConfiguration", logs)) == {
        (f"{C}/logConfiguration/options", "no-stream-prefix"): "warning"
    }
