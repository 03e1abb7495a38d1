"""What a person is told about a task definition."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.rendering import notes
from neuronserve.deploy.ecs.rendering.spec import Logs, Mode, Network, Ports
from tests.deploying.task_specs import ROLE, spec

LOGS = Logs("/ecs/resnet", "us-east-1")
QUIET = {"memory_mib": 7000, "logs": LOGS, "execution_role": ROLE, "task_role": ROLE}
SLOTS = {"mode": Mode.SLOTS, "slots": 4}


def test_nothing_is_said_where_nothing_is_special():
    assert notes.of(spec("inf1.xlarge", region="us-east-1", **QUIET)) == []


def test_nothing_is_said_of_types_that_are_too_small_for_the_task_anyway():
    asked = spec(
        region="us-east-1",
        **QUIET | {"memory_mib": 40_000},
        placement="attribute:ecs.instance-type =~ inf1.*",
    )
    assert notes.of(asked) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_uri": None}, "the image itself must hold the model"),
        ({"model_uri": None, "environment_files": ("arn:aws:s3:::b/a.env",)}, "in the environment file"),
        (
            {"region": "me-south-1", "instance_type": "inf2.xlarge"},
            "inf2.xlarge is not offered in me-south-1",
        ),
        ({"instance_type": "trn2.48xlarge"}, "AWS never released TensorFlow for Trn2"),
        ({"memory_mib": None}, "an estimate"),
        (SLOTS, "a service of its own"),
        ({**SLOTS, "ports": Ports.DYNAMIC}, "use distinctInstance"),
        ({**SLOTS, "network": Network.AWSVPC}, "use distinctInstance"),
        (
            {"placement": "attribute:ecs.instance-type =~ inf.*"},
            "the placement allows inf2.8xlarge and 2 more too, which cannot do",
        ),
        (
            {"placement": "attribute:stack == prod", "memory_mib": 390_000, "instance_type": "inf2.48xlarge"},
            "the placement allows trn2.48xlarge and 1 more too",
        ),
        ({"placement": "family"}, "on inf1.24xlarge only the first 4 of the chips"),
        ({"network": Network.HOST, "port": 80}, "port 80 on the host's network"),
        ({"network": Network.AWSVPC}, "subnets and security groups"),
        ({"load_seconds": 4000}, "healthCheckGracePeriodSeconds 4000"),
        ({"stop_timeout": 27}, "stop timeout 27 s: little is left"),
        ({"logs": Logs("/a", "us-east-1", create_group=True)}, "needs logs:CreateLogGroup"),
        ({"logs": Logs()}, "no log group"),
        ({"execution_role": None}, "no --execution-role"),
        ({"task_role": None}, "no --task-role"),
    ],
)
def test_what_is_special_is_said(changes, words):
    asked = {"instance_type": "inf1.6xlarge", **QUIET, **changes}
    assert any(words in line for line in notes.of(spec(**asked)))
