"""cpu and memory of tasks and containers among themselves."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import MINIMAL, changed, told

C = "/containerDefinitions/0"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (("/cpu", "one"), "/cpu", "amount-form"),
        (("/memory", "8 GiB"), "/memory", "amount-form"),
        ((f"{C}/memoryReservation", 129), f"{C}/memoryReservation", "reservation-above-limit"),
        (("/memory", "127"), "/memory", "containers-above-task"),
        (("/cpu", "256", f"{C}/cpu", 257), "/cpu", "containers-above-task"),
        (("/memory", "100", f"{C}/memoryReservation", 50), f"{C}/memory", "containers-above-task"),
        (
            ("/containerDefinitions/-", {"name": "side", "image": "busybox:1"}),
            "/containerDefinitions/1",
            "no-memory",
        ),
    ],
)
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(MINIMAL, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    "changes",
    [
        ("/cpu", "1 vCPU", "/memory", "0.5GB"),
        ("/cpu", "256", "/memory", "128"),
        ("/cpu", ".5 vcpu"),
        (f"{C}/memoryReservation", 128),
    ],
)
def test_what_ecs_takes_has_no_finding(changes):
    assert told(changed(MINIMAL, *changes)) == {}
