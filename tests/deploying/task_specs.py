"""Task specs for tests: what every mode can do on every type of the catalogue."""

from __future__ import annotations

import functools

import botocore.session

from neuronserve.deploy.ecs.rendering import render
from neuronserve.deploy.ecs.rendering.spec import Logs, Mode, Network, TaskSpec
from neuronserve.instances import catalogue

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1.0"
ROLE = "arn:aws:iam::123456789012:role/neuronserve"
MODEL = "s3://models/resnet.tar.gz"
MODES = {
    "whole": {},
    "slots": {"mode": Mode.SLOTS, "slots": 2},
    "managed": {"mode": Mode.MANAGED, "network": Network.AWSVPC},
}


def spec(instance_type="inf1.6xlarge", **changes):
    """A TaskSpec with little in it, and ``changes``."""
    asked = {"image": IMAGE, "family": "resnet", "model_uri": MODEL, **changes}
    return TaskSpec(instance_type=catalogue()[instance_type], **asked)


def full(instance_type="inf1.6xlarge", **changes):
    """One that has everything that can be asked for."""
    return spec(
        instance_type,
        **{
            "region": "us-east-1",
            "environment": {"MODEL_NAME": "resnet", "SERVE_LOG_LEVEL": "debug"},
            "environment_files": ("arn:aws:s3:::settings/resnet.env",),
            "secrets": {"TOKEN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf"},
            "load_seconds": 900,
            "drain_seconds": 40,
            "read_only": True,
            "logs": Logs("/ecs/resnet", "us-east-1", create_group=True),
            "execution_role": ROLE,
            "task_role": ROLE,
            "tags": {"team": "vision", "cost-centre": "7"},
            **changes,
        },
    )


def possible(mode):
    """The types on which a mode of MODES is possible."""
    if mode == "slots":
        return [name for name, one in catalogue().items() if one.chips > 1]
    return [name for name, one in catalogue().items() if mode != "managed" or one.family != "inf1"]


EVERY = [(mode, name) for mode in MODES for name in possible(mode)]


def requests(mode, name, make=full):
    """The task definitions of a mode on a type."""
    return render.task_definitions(make(name, **MODES[mode]))


@functools.cache
def ecs():
    """botocore's model of ECS."""
    return botocore.session.get_session().get_service_model("ecs")
