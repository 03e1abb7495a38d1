"""Ranges and counts that botocore's model does not hold."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"
PORTS = f"{C}/portMappings"


def mapping(**members):
    return [{"containerPort": 80, **members}]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        *(
            (
                (f"{C}/healthCheck", {"command": ["CMD", "true"], name: value}),
                f"{C}/healthCheck/{name}",
                "out-of-range",
            )
            for name, bad in {
                "interval": (4, 301),
                "timeout": (1, 61),
                "retries": (0, 11),
                "startPeriod": (-1, 301),
            }.items()
            for value in bad
        ),
        *(
            (
                (f"{C}/restartPolicy", {"enabled": True, "restartAttemptPeriod": n}),
                f"{C}/restartPolicy/restartAttemptPeriod",
                "out-of-range",
            )
            for n in (59, 1801)
        ),
        (
            (f"{C}/restartPolicy", {"enabled": True, "ignoredExitCodes": [*range(51)]}),
            f"{C}/restartPolicy/ignoredExitCodes",
            "out-of-range",
        ),
        ((PORTS, [{"containerPort": 0}]), f"{PORTS}/0/containerPort", "out-of-range"),
        ((PORTS, mapping(hostPort=65536)), f"{PORTS}/0/hostPort", "out-of-range"),
        ((f"{C}/memory", 5), f"{C}/memory", "out-of-range"),
        ((f"{C}/stopTimeout", -1), f"{C}/stopTimeout", "out-of-range"),
        (("/cpu", "127"), "/cpu", "out-of-range"),
        (("/cpu", "193 vCPU"), "/cpu", "out-of-range"),
        (
            ("/placementConstraints", [{"type": "memberOf", "expression": "agentConnected == true"}] * 11),
            "/placementConstraints",
            "out-of-range",
        ),
        (("/containerDefinitions", []), "/containerDefinitions", "out-of-range"),
        (("/ephemeralStorage", {"sizeInGiB": 20}), "/ephemeralStorage/sizeInGiB", "out-of-range"),
        (
            (f"{C}/linuxParameters", {"sharedMemorySize": 0}),
            f"{C}/linuxParameters/sharedMemorySize",
            "out-of-range",
        ),
        ((f"{C}/environment", [{"name": "A", "value": "x" * 65536}]), "", "too-large"),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}
