"""AWS's own sample task definition for Inf1, and its managed one: every fault has its name and its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.deploying.task_definitions import changed, told, without

DATA = Path(__file__).with_name("samples")
SAMPLE = json.loads((DATA / "aws_sample_inf1.json").read_text())
CONTAINER = "/containerDefinitions/0"
MAPPINGS = f"{CONTAINER}/portMappings"

FAULTS = {
    # the type, which AWS prints with a capital letter
    ("/placementConstraints/1/expression", "instance-type-case"): "error",
    # 8 GiB of an instance that has 8 GiB
    (f"{CONTAINER}/memoryReservation", "memory-not-placeable"): "error",
    # ports: the server's REST is on 9000; 8501 and 80 lead nowhere
    (f"{MAPPINGS}/1/containerPort", "port-not-listened"): "error",
    (f"{MAPPINGS}/2/containerPort", "port-not-listened"): "error",
    (MAPPINGS, "port-not-mapped"): "warning",
    # what is to be filled in, and is not
    ("/executionRoleArn", "placeholder"): "error",
    # what has aged
    (f"{CONTAINER}/image", "deprecated-image"): "warning",
    (f"{CONTAINER}/entryPoint/4", "model-on-s3"): "warning",
    (f"{CONTAINER}/linuxParameters/capabilities/add/0", "ipc-lock"): "note",
    # what it lacks
    (CONTAINER, "no-health-check"): "warning",
}


def test_every_fault_is_named_and_nothing_else():
    assert told(SAMPLE) == FAULTS


@pytest.mark.parametrize("place", ["memory", "memoryReservation"])
def test_the_nominal_memory_is_found_wherever_it_is_asked_for(place):
    request = changed(without(SAMPLE, f"{CONTAINER}/memoryReservation"), f"{CONTAINER}/{place}", 8192)
    assert told(request)[f"{CONTAINER}/{place}", "memory-not-placeable"] == "error"
    assert told(changed(SAMPLE, "/memory", "8 GB"))["/memory", "memory-not-placeable"] == "error"


def test_a_limit_of_the_nominal_memory_over_a_small_reservation_is_placed_and_limits_nothing():
    request = changed(SAMPLE, f"{CONTAINER}/memoryReservation", 1000, f"{CONTAINER}/memory", 8192)
    assert told(request)[f"{CONTAINER}/memory", "memory-limit-too-high"] == "warning"
    assert (f"{CONTAINER}/memory", "memory-not-placeable") not in told(request)


def test_the_sample_as_corrected_has_no_error():
    right = changed(
        SAMPLE,
        "/executionRoleArn", "arn:aws:iam::123456789012:role/execution",
        "/placementConstraints/1/expression", "attribute:ecs.instance-type == inf1.xlarge",
        f"{CONTAINER}/memoryReservation", 7000,
        MAPPINGS, [{"containerPort": 8500, "hostPort": 8500}, {"containerPort": 9000, "hostPort": 9000}],
        f"{CONTAINER}/image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/model:1",
    )  # fmt: skip
    assert set(told(right).values()) == {"warning", "note"}


def test_the_managed_sample_lacks_only_what_is_to_be_filled_in():
    managed = json.loads((DATA / "aws_sample_managed.json").read_text())
    assert told(managed) == {
        ("/executionRoleArn", "placeholder"): "error",
        (CONTAINER, "no-health-check"): "warning",
    }
