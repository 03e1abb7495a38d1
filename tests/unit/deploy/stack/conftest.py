"""Plans of stacks."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.rendering.spec import Mode, Network, TaskSpec
from neuronserve.deploy.stack.plan import Plan
from neuronserve.instances import catalogue

REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve"


@pytest.fixture
def plan():
    """``plan("inf1.xlarge", slots=4, balancer=True, model_uri=...)``: fields of Plan and of TaskSpec."""
    of_plan = set(Plan.__dataclass_fields__) - {"spec"}

    def made(instance_type="inf1.xlarge", **changes):
        around = {name: changes.pop(name) for name in list(changes) if name in of_plan}
        mode = changes.get("mode", Mode.SLOTS if "slots" in changes else Mode.WHOLE)
        network = Network.AWSVPC if mode is Mode.MANAGED else Network.BRIDGE
        given = {
            "instance_type": catalogue()[instance_type],
            "image": f"{REPOSITORY}:1",
            "family": "digits",
            "model_uri": "s3://models/digits.tar.gz",
            "mode": mode,
            "network": network,
        }
        return Plan(spec=TaskSpec(**(given | changes)), **around)

    return made
