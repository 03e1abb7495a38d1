"""An instance as an expression sees it."""

from __future__ import annotations

import pytest

INSTANCE = {
    "attribute:ecs.instance-type": ("inf1.2xlarge",),
    "attribute:ecs.availability-zone": ("us-east-1a",),
    "attribute:com.amazonaws.ecs.capability.docker-remote-api.1.18": ("",),
    "attribute:rack": ("row 7",),
    "attribute:weight": ("9",),
    "agentConnected": ("true",),
    "agentVersion": ("1.104.0",),
    "ec2InstanceId": ("i-0abc",),
    "registeredAt": ("2018-06-18T22:28:28.731000+00:00",),
    "runningTasksCount": ("2",),
    "task:group": ("service:production", "family:batch"),
}


@pytest.fixture
def instance():
    """Values by subject; whatever is not there, the instance has not."""
    return lambda subject: INSTANCE.get(subject, ())
