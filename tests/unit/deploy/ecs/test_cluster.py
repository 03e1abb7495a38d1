"""Container instances as ECS describes them."""

from __future__ import annotations

import datetime as dt

import pytest

from neuronserve.deploy.ecs import query
from neuronserve.deploy.ecs.cluster import ContainerInstance, Resources

DESCRIBED = {
    "containerInstanceArn": "arn:aws:ecs:us-east-1:123456789012:container-instance/c/0123",
    "ec2InstanceId": "i-0abc",
    "status": "ACTIVE",
    "agentConnected": True,
    "versionInfo": {"agentVersion": "1.104.0"},
    "runningTasksCount": 2,
    "registeredAt": dt.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=dt.UTC),
    "attributes": [
        {"name": "ecs.instance-type", "value": "inf1.xlarge"},
        {"name": "ecs.capability.task-eni"},
    ],
    "registeredResources": [
        {"name": "CPU", "type": "INTEGER", "integerValue": 4096, "longValue": 0, "doubleValue": 0.0},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": 7700},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375"]},
        {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []},
        {"name": "GPU", "type": "STRINGSET", "stringSetValue": ["GPU-1"]},
    ],
    "remainingResources": [
        {"name": "CPU", "type": "LONG", "longValue": 1024},
        {"name": "MEMORY", "type": "DOUBLE", "doubleValue": 512.0},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375", "8080"]},
        {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": ["53"]},
    ],
}


def test_resources_are_read_in_whatever_form_a_number_has():
    instance = ContainerInstance.of(DESCRIBED)
    assert instance.registered == Resources(4096, 7700, frozenset({22, 2375}), frozenset(), gpus=1)
    assert instance.remaining == Resources(1024, 512, frozenset({22, 2375, 8080}), frozenset({53}))


@pytest.mark.parametrize(
    "text",
    [
        "attribute:ecs.instance-type == inf1.xlarge",
        "attribute:ecs.capability.task-eni exists",
        "attribute:stack !exists",
        "agentConnected == true",
        "agentVersion >= 1.104",
        "ec2InstanceId == i-0abc",
        "registeredAt == 2026-01-02T03:04:05Z",
        "runningTasksCount == 2",
    ],
)
def test_every_subject_of_an_expression_has_its_value(text):
    assert query.truth(query.parse(text), ContainerInstance.of(DESCRIBED).values) is True


def test_what_was_not_told_is_neither_true_nor_an_error():
    bare = ContainerInstance.of({"containerInstanceArn": "arn:aws:ecs:us-east-1:123456789012:x/c/0123"})
    assert (bare.name, bare.instance_type, bare.registered) == ("0123", "", Resources(0, 0))
    for text in ("agentVersion > 0", "ec2InstanceId == i-0abc", "registeredAt > 2000-01-01"):
        assert query.truth(query.parse(text), bare.values) is False
    assert query.truth(query.parse("task:group == a"), bare.values) is None


def test_instances_can_be_keys():
    assert len({ContainerInstance.of(DESCRIBED), ContainerInstance.of(DESCRIBED)}) == 1
