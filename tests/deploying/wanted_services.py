"""Wanted services for tests: some, and hypothesis's choice of those that can be."""

from __future__ import annotations

from hypothesis import strategies as st

from neuronserve.deploy.ecs.services.wanted import Provider, Wanted
from tests.deploying.ecs_rollouts import ACCOUNT, DEFINITION

GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
ARN = f"{ACCOUNT}:task-definition/web:2"
_CONTAINER = {"name": "app", "image": "app:1", "portMappings": [{"containerPort": 8080}]}
CHIPS = {
    "devices": {"family": "web", **DEFINITION},
    "managed": {
        "family": "web",
        "networkMode": "awsvpc",
        "containerDefinitions": [
            {**_CONTAINER, "resourceRequirements": [{"type": "NeuronDevice", "value": "ALL"}]}
        ],
    },
    "none": {"family": "web", "networkMode": "bridge", "containerDefinitions": [_CONTAINER]},
}


def wanted(chips="devices", **more):
    """A Wanted service of web:2 with little asked, and ``more``."""
    return Wanted(**{"name": "web", "task_definition": ARN, "definition": CHIPS[chips], **more})


@st.composite
def any_wanted(draw):
    """One that ECS can create."""
    chips = draw(st.sampled_from(sorted(CHIPS)))
    more = {}
    daemon = chips != "managed" and draw(st.booleans())
    if daemon:
        more["daemon"] = True
    else:
        more["count"] = draw(st.none() | st.integers(0, 50))
    if chips == "managed" or (not daemon and draw(st.booleans())):
        more["providers"] = (Provider("neuron", draw(st.integers(1, 9)), draw(st.integers(0, 9))),)
    elif draw(st.booleans()):
        more["launch_type"] = "EC2"
    if chips == "managed":
        more["subnets"] = draw(st.sampled_from([("subnet-1",), ("subnet-1", "subnet-2")]))
        more["security_groups"] = draw(st.sampled_from([(), ("sg-1",)]))
    more["constraints"] = draw(
        st.sampled_from([(), ("attribute:a == b",), ("attribute:a == b", "runningTasksCount == 0")])
    )
    if draw(st.booleans()):
        more |= {"target_groups": (GROUP,), "grace_seconds": draw(st.none() | st.integers(0, 900))}
    more["execute_command"] = draw(st.none() | st.booleans())
    more["tags"] = draw(st.sampled_from([{}, {"team": "vision"}]))
    return wanted(chips, **more)
