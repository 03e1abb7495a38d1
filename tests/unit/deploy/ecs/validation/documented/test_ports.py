"""Port mappings by network mode."""

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
        (("/networkMode", "host", PORTS, mapping(hostPort=81)), f"{PORTS}/0/hostPort", "host-port-differs"),
        (("/networkMode", "awsvpc", PORTS, mapping(hostPort=81)), f"{PORTS}/0/hostPort", "host-port-differs"),
        (("/networkMode", "none", PORTS, mapping()), f"{PORTS}/0", "port-without-network"),
        *(
            ((PORTS, mapping(hostPort=n)), f"{PORTS}/0/hostPort", "reserved-port")
            for n in (22, 2375, 2376, 51678, 51680)
        ),
        (
            ("/networkMode", "host", PORTS, [{"containerPort": 22}]),
            f"{PORTS}/0/containerPort",
            "reserved-port",
        ),
        ((PORTS, [{"protocol": "tcp"}]), f"{PORTS}/0", "missing-member"),
        ((PORTS, mapping(containerPortRange="1-2")), f"{PORTS}/0/containerPortRange", "port-twice"),
        ((PORTS, [{"containerPortRange": "9-8"}]), f"{PORTS}/0/containerPortRange", "port-range-form"),
        ((PORTS, [{"containerPort": 80}] * 2), f"{PORTS}/1/containerPort", "duplicate-port"),
        (
            (PORTS, [{"containerPort": 80, "hostPort": 90}, {"containerPort": 81, "hostPort": 90}]),
            f"{PORTS}/1/hostPort",
            "duplicate-host-port",
        ),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code", "severity"),
    [
        ((PORTS, mapping(hostPort=32768)), f"{PORTS}/0/hostPort", "dynamic-port", "warning"),
    ],
)
def test_what_works_and_is_not_as_one_would_want_is_a_warning_or_a_note(changes, pointer, code, severity):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): severity}


@pytest.mark.parametrize(
    "changes",
    [
        (PORTS, [{"containerPort": 80, "hostPort": 0}, {"containerPort": 81}]),
        (PORTS, [{"containerPort": 53, "protocol": "tcp"}, {"containerPort": 53, "protocol": "udp"}]),
        ("/networkMode", "host", PORTS, [{"containerPort": 80, "hostPort": 80}]),
        ("/networkMode", "awsvpc", PORTS, [{"containerPort": 22}, {"containerPort": 50000}]),
        (PORTS, [{"containerPortRange": "8000-8009"}]),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}
