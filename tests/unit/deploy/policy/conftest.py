"""Specs and a place to make policies of."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.rendering.spec import Logs, TaskSpec
from neuronserve.deploy.policy import place as places
from neuronserve.instances import catalogue

ACCOUNT = "123456789012"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team/neuronserve:1"


@pytest.fixture
def place():
    return places.of("us-east-1", ACCOUNT)


@pytest.fixture
def spec():
    """``spec(model_uri=...)``: a TaskSpec with the rest filled in."""

    def made(**changes):
        given = {
            "instance_type": catalogue()["inf1.xlarge"],
            "image": IMAGE,
            "family": "digits",
            "logs": Logs("/ecs/digits", "us-east-1"),
        }
        return TaskSpec(**(given | changes))

    return made
