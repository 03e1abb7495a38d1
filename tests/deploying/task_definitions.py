"""Task definitions for tests: one that is right, and ways to make it wrong."""

from __future__ import annotations

import copy
from typing import Any

import jsonpointer
from hypothesis import strategies as st

from neuronserve.deploy.ecs import validation
from neuronserve.instances import catalogue

MINIMAL = {
    "family": "web",
    "containerDefinitions": [{"name": "web", "image": "nginx:1.27", "memory": 128, "essential": True}],
}
"""Nothing to object to, and nothing of Neuron."""

NEURON = {
    "family": "neuron",
    "requiresCompatibilities": ["EC2"],
    "networkMode": "bridge",
    "placementConstraints": [
        {"type": "memberOf", "expression": "attribute:ecs.instance-type == inf1.6xlarge"},
    ],
    "containerDefinitions": [
        {
            "name": "model",
            "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/model:1",
            "memory": 30000,
            "cpu": 16000,
            "portMappings": [{"containerPort": 8080, "hostPort": 8080}],
            "linuxParameters": {
                "devices": [
                    {
                        "hostPath": f"/dev/neuron{n}",
                        "containerPath": f"/dev/neuron{n}",
                        "permissions": ["read", "write"],
                    }
                    for n in range(4)
                ]
            },
            "healthCheck": {
                "command": ["CMD", "curl", "-f", "http://localhost:8080/ping"],
                "startPeriod": 300,
            },
        }
    ],
}
"""All chips of an inf1.6xlarge, by a server that is not ours; nothing to object to."""

_ABSENT = object()


def changed(request: Any, *changes: Any) -> Any:
    """A copy with values put at JSON pointers: ``changed(request, pointer, value, pointer, value, ...)``."""
    made = copy.deepcopy(request)
    for pointer, value in zip(changes[::2], changes[1::2], strict=True):
        jsonpointer.set_pointer(made, pointer, value)
    return made


def without(request: Any, *pointers: str) -> Any:
    """A copy that lacks what is at these pointers."""
    made = copy.deepcopy(request)
    for pointer in pointers:
        above, _, key = pointer.rpartition("/")
        inner = jsonpointer.resolve_pointer(made, above)
        del inner[int(key) if isinstance(inner, list) else key]
    return made


_NAMES = st.sampled_from(
    [
        "family", "containerDefinitions", "name", "image", "memory", "cpu", "environment", "value", "devices",
        "hostPath", "linuxParameters", "healthCheck", "command", "placementConstraints", "expression", "type",
        "portMappings", "containerPort", "hostPort", "tags", "key", "taskDefinition", "Resources",
        "Properties", "logConfiguration", "options", "logDriver", "dependsOn", "containerName", "volumes",
        "secrets", "ulimits",
    ]
)  # fmt: skip
_WORDS = st.sampled_from(
    [
        "/dev/neuron0", "/dev/neuron99999", "NeuronDevice", "ALL", "memberOf", "FARGATE", "MANAGED_INSTANCES",
        "EC2", "attribute:ecs.instance-type =~ inf.*", "attribute:ecs.instance-type in [Inf1.xlarge, trn1]",
        "awslogs", "CMD-SHELL", "1 vCPU", "8 GB", "0-3", "8080", "--port=9", "s3://b/k",
        "AWS::ECS::TaskDefinition",
    ]
)  # fmt: skip


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON value, often with names and words that mean something."""
    leaves = (
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20) | _WORDS
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(_NAMES | st.text(max_size=5), inner, max_size=5)
        ),
        max_leaves=25,
    )


@st.composite
def mutated(draw: st.DrawFn, request: Any) -> Any:
    """A right definition in which one to four places are something else, or gone."""
    made = copy.deepcopy(request)
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(made))
        if not places:
            break
        owner, key = draw(st.sampled_from(places))
        value = draw(st.just(_ABSENT) | json_values())
        if value is _ABSENT:
            del owner[key]
        else:
            owner[key] = value
    return made


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)


def told(request: Any, instance_type: str | None = None) -> dict[tuple[str, str], str]:
    """What validation finds: (pointer, code) -> severity."""
    on = catalogue()[instance_type] if instance_type else None
    return {(f.pointer, f.code): str(f.severity) for f in validation.findings(request, on)}
