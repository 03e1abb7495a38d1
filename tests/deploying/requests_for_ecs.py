"""RegisterTaskDefinition requests for tests: one with every member, and hypothesis's choice."""

from __future__ import annotations

import functools
import itertools

import botocore.session
from hypothesis import strategies as st

SMALL = {
    "family": "web",
    "containerDefinitions": [{"name": "app", "image": "app:1", "memory": 64}],
}


@functools.cache
def model():
    return botocore.session.get_session().get_service_model("ecs")


def every_member():
    """A request in which no member that botocore knows is absent; two items in each list."""
    numbers = itertools.count(1)

    def made(shape, name):
        if shape.type_name == "structure":
            return {key: made(member, key) for key, member in shape.members.items()}
        if shape.type_name == "list":
            return [made(shape.member, name) for _ in range(2)]
        if shape.type_name == "map":
            return {made(shape.key, "key"): made(shape.value, "value")}
        if shape.type_name == "boolean":
            return True
        if shape.type_name == "string":
            return shape.enum[-1] if getattr(shape, "enum", None) else f"{name}-{next(numbers)}"
        assert shape.type_name in {"integer", "long"}, shape
        return next(numbers)

    request = made(model().operation_model("RegisterTaskDefinition").input_shape, "")
    return {
        **request,
        "networkMode": "bridge",
        "requiresCompatibilities": ["EC2"],
        "cpu": "1024",
        "memory": "99",
    }


def optional(required, **optionals):
    return st.fixed_dictionaries(required, optional=optionals)


def several(items, key=None, most=4):
    unique = (lambda item: item[key]) if key else None
    return st.lists(items, max_size=most, unique_by=unique)


NAMES = st.text("abcXYZ-_09", min_size=1, max_size=8)
WORDS = st.text(max_size=8)
NUMBERS = st.integers(1, 5000)
DEVICES = st.integers(0, 15).map("/dev/neuron{}".format)

PORTS = optional(
    {"containerPort": NUMBERS},
    hostPort=NUMBERS,
    protocol=st.sampled_from(["tcp", "udp"]),
    name=NAMES,
)
CONTAINERS = optional(
    {"name": NAMES, "image": NAMES},
    cpu=NUMBERS,
    memory=NUMBERS,
    essential=st.booleans(),
    command=several(WORDS),
    entryPoint=several(WORDS),
    environment=several(st.fixed_dictionaries({"name": NAMES, "value": WORDS}), "name"),
    secrets=several(st.fixed_dictionaries({"name": NAMES, "valueFrom": NAMES}), "name"),
    portMappings=several(PORTS, "containerPort"),
    mountPoints=several(
        optional({"sourceVolume": NAMES, "containerPath": NAMES}, readOnly=st.booleans()), "containerPath"
    ),
    ulimits=several(
        st.fixed_dictionaries({"name": NAMES, "softLimit": NUMBERS, "hardLimit": NUMBERS}), "name"
    ),
    dependsOn=several(
        st.fixed_dictionaries({"containerName": NAMES, "condition": st.just("START")}), "containerName"
    ),
    systemControls=several(st.fixed_dictionaries({"namespace": NAMES, "value": WORDS}), "namespace"),
    extraHosts=several(st.fixed_dictionaries({"hostname": NAMES, "ipAddress": NAMES}), "hostname"),
    dnsServers=several(NAMES),
    dockerLabels=st.dictionaries(NAMES, WORDS, max_size=3),
    linuxParameters=optional(
        {},
        devices=several(
            optional({"hostPath": DEVICES}, containerPath=DEVICES, permissions=st.just(["read"])), "hostPath"
        ),
        initProcessEnabled=st.just(True),
        capabilities=optional(
            {},
            add=several(st.sampled_from(["IPC_LOCK", "SYS_ADMIN", "KILL"]), most=2),
            drop=several(NAMES, most=2),
        ),
        sharedMemorySize=NUMBERS,
    ),
    logConfiguration=optional(
        {"logDriver": st.just("awslogs")}, options=st.dictionaries(NAMES, WORDS, max_size=3)
    ),
    healthCheck=optional(
        {"command": st.just(["CMD", "true"])}, interval=NUMBERS, timeout=NUMBERS, retries=NUMBERS
    ),
    restartPolicy=optional(
        {"enabled": st.booleans()},
        ignoredExitCodes=several(st.integers(0, 255)),
        restartAttemptPeriod=NUMBERS,
    ),
)
REQUESTS = optional(
    {
        "family": NAMES,
        "containerDefinitions": st.lists(CONTAINERS, min_size=1, max_size=3, unique_by=lambda c: c["name"]),
    },
    cpu=NUMBERS.map(str),
    memory=NUMBERS.map(str),
    networkMode=st.sampled_from(["bridge", "host", "awsvpc", "none"]),
    volumes=several(optional({"name": NAMES}, host=optional({}, sourcePath=NAMES)), "name"),
    placementConstraints=several(
        st.fixed_dictionaries({"type": st.just("memberOf"), "expression": WORDS}), "expression"
    ),
    requiresCompatibilities=st.just(["EC2"]),
    tags=several(st.fixed_dictionaries({"key": NAMES, "value": WORDS}), "key"),
    taskRoleArn=NAMES,
)
