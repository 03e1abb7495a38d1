from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.ecs.registry.canonical import RESPONSE_ONLY, canonical
from neuronserve.deploy.ecs.registry.difference import difference
from tests.deploying.requests_for_ecs import REQUESTS, SMALL, every_member, model

UNORDERED = {
    "containerDefinitions", "environment", "secrets", "portMappings", "mountPoints", "ulimits", "tags",
    "devices", "placementConstraints", "volumes", "dependsOn", "add", "drop", "permissions",
    "systemControls", "extraHosts", "ignoredExitCodes",
}  # fmt: skip


def shuffled(value, draw, name=""):
    """The same with the order changed of all that has none."""
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: shuffled(value[key], draw, key) for key in keys}
    if not isinstance(value, list):
        return value
    items = [shuffled(item, draw, name) for item in value]
    return draw(st.permutations(items)) if name in UNORDERED else items


def answered(request):
    """As ECS describes it once it is registered."""
    found = copy.deepcopy(request)
    for container in found["containerDefinitions"]:
        for name in ("environment", "mountPoints", "volumesFrom", "systemControls", "portMappings"):
            container.setdefault(name, [])
        container.setdefault("cpu", 0)
        container.setdefault("essential", True)
        for port in container["portMappings"]:
            port.setdefault("protocol", "tcp")
            same = found.get("networkMode") in {"host", "awsvpc"}
            port.setdefault("hostPort", port["containerPort"] if same else 0)
        if "healthCheck" in container:
            container["healthCheck"] = {
                "interval": 30,
                "timeout": 5,
                "retries": 3,
                **container["healthCheck"],
            }
    found.setdefault("volumes", [])
    found.setdefault("placementConstraints", [])
    return {
        **found,
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/x:1",
        "revision": 1,
        "status": "ACTIVE",
        "requiresAttributes": [{"name": "ecs.capability.task-iam-role"}],
        "compatibilities": ["EXTERNAL", "EC2"],
        "registeredAt": 1700000000.0,
        "registeredBy": "arn:aws:iam::123456789012:user/me",
    }


@given(REQUESTS, st.data())
def test_what_ecs_answers_means_the_same_as_what_was_registered_in_any_order(request_, data):
    answer = shuffled(answered(request_), data.draw)
    assert canonical(answer) == canonical(request_)
    assert difference(answer, request_) == []
    assert difference(request_, answer) == []


@given(REQUESTS)
def test_it_is_its_own_canonical_form_and_the_request_is_left_alone(request_):
    before = copy.deepcopy(request_)
    once = canonical(request_)
    assert canonical(once) == once
    assert request_ == before


def leaves(value, way=()):
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, (*way, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from leaves(item, (*way, place))
    else:
        yield way


def changed(value, way):
    """A copy with another value at the end of the way."""
    found = copy.deepcopy(value)
    holder = found
    for step in way[:-1]:
        holder = holder[step]
    old = holder[way[-1]]
    holder[way[-1]] = (not old) if isinstance(old, bool) else old + 1 if isinstance(old, int) else old + "~"
    return found


@given(REQUESTS, st.data())
def test_any_other_value_is_a_difference(request_, data):
    form = canonical(request_)
    way = data.draw(st.sampled_from(list(leaves(form))))
    assert difference(form, changed(form, way)) != []


def test_every_member_that_botocore_knows_counts():
    full = every_member()
    form = canonical(full)
    assert set(form) == set(full)
    ways = list(leaves(form))
    assert len(ways) > 150
    for way in ways:
        assert difference(form, changed(form, way)), way


def test_what_only_answers_have_is_what_botocore_has_in_its_output_alone():
    operation = model().operation_model("RegisterTaskDefinition")
    answered_ = set(operation.output_shape.members["taskDefinition"].members)
    assert answered_ - set(operation.input_shape.members) == RESPONSE_ONLY


def small(**members):
    return {**SMALL, **members}


def contained(**members):
    return {
        "family": "web",
        "containerDefinitions": [{"name": "app", "image": "app:1", "memory": 64, **members}],
    }


SAME = {
    "cpu units and vCPU": (small(cpu="1024"), small(cpu="1 vCPU")),
    "half a vcpu without a zero": (small(cpu="512"), small(cpu=".5vcpu")),
    "MiB and GB": (small(memory="8192"), small(memory="8 GB")),
    "half a GB": (small(memory="512"), small(memory="0.5GB")),
    "the network mode that Linux has": (small(), small(networkMode="bridge")),
    "an empty list of tags": (small(), small(tags=[])),
    "tags of CloudFormation": (small(), small(tags=[{"key": "aws:cloudformation:stack-name", "value": "x"}])),
    "a tag without a value": (small(tags=[{"key": "a"}]), small(tags=[{"key": "a", "value": ""}])),
    "a slash before a role's name": (small(taskRoleArn="/me"), small(taskRoleArn="me")),
    "a role's name and its ARN": (
        small(taskRoleArn="ecs/me"),
        small(taskRoleArn="arn:aws:iam::123456789012:role/ecs/me"),
    ),
    "the restart policy's period": (
        contained(restartPolicy={"enabled": True}),
        contained(restartPolicy={"enabled": True, "restartAttemptPeriod": 300, "ignoredExitCodes": []}),
    ),
    "devices": (
        contained(linuxParameters={"devices": [{"hostPath": "/dev/neuron0"}]}),
        contained(linuxParameters={"devices": [{
            "hostPath": "/dev/neuron0", "containerPath": "/dev/neuron0",
            "permissions": ["write", "read", "mknod"],
        }]}),
    ),
    "capabilities of none": (
        contained(),
        contained(linuxParameters={"capabilities": {"add": [], "drop": []}, "initProcessEnabled": False}),
    ),
    "a log's lists": (
        contained(logConfiguration={"logDriver": "awslogs"}),
        contained(logConfiguration={"logDriver": "awslogs", "options": {}, "secretOptions": []}),
    ),
    "what Docker does not do unless told": (
        contained(),
        contained(privileged=False, readonlyRootFilesystem=False, interactive=False, pseudoTerminal=False),
    ),
    "an empty host": (small(volumes=[{"name": "v"}]), small(volumes=[{"name": "v", "host": {}}])),
    "a file system's root": (
        small(volumes=[{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]),
        small(volumes=[{"name": "v", "efsVolumeConfiguration": {
            "fileSystemId": "fs-1", "rootDirectory": "/", "transitEncryption": "DISABLED",
            "authorizationConfig": {"iam": "DISABLED"},
        }}]),
    ),
    "no fault injection": (small(), small(enableFaultInjection=False)),
    "nulls": (contained(), contained(command=None, environment=[None])),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_these_mean_the_same(one, other):
    assert difference(one, other) == []
    assert difference(other, one) == []


OTHER = {
    "the order of a command": (contained(command=["a", "b"]), contained(command=["b", "a"])),
    "the order of an entry point": (contained(entryPoint=["a", "b"]), contained(entryPoint=["b", "a"])),
    "the order of name servers": (contained(dnsServers=["a", "b"]), contained(dnsServers=["b", "a"])),
    "the order of environment files": (
        contained(environmentFiles=[{"value": "a", "type": "s3"}, {"value": "b", "type": "s3"}]),
        contained(environmentFiles=[{"value": "b", "type": "s3"}, {"value": "a", "type": "s3"}]),
    ),
    "which of two values of a variable comes last": (
        contained(environment=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        contained(environment=[{"name": "A", "value": "2"}, {"name": "A", "value": "1"}]),
    ),
    "an image's name": (contained(image="app"), contained(image="app:latest")),
    "no variable and an empty one": (contained(), contained(environment=[{"name": "A", "value": ""}])),
    "roles of two accounts": (
        small(taskRoleArn="arn:aws:iam::123456789012:role/me"),
        small(taskRoleArn="arn:aws:iam::210987654321:role/me"),
    ),
    "a role of another path": (
        small(taskRoleArn="me"), small(taskRoleArn="arn:aws:iam::123456789012:role/ecs/me"),
    ),
    "cpu of more digits than numbers have": (small(cpu="9" * 5000), small(cpu="9" * 5001)),
    "cpu that is no whole unit": (small(cpu="0.0001 vCPU"), small(cpu="0")),
    "a port of the host": (
        contained(portMappings=[{"containerPort": 80}]),
        contained(portMappings=[{"containerPort": 80, "hostPort": 80}]),
    ),
    "true and 1": (contained(privileged=True), contained(privileged=1)),
    "a number and its text": (contained(cpu=1), contained(cpu="1")),
    "launch types asked for": (small(), small(requiresCompatibilities=["EC2"])),
    "a Docker volume and a bind mount": (
        small(volumes=[{"name": "v"}]), small(volumes=[{"name": "v", "dockerVolumeConfiguration": {}}]),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_these_do_not_mean_the_same(one, other):
    assert difference(one, other) != []
    assert difference(other, one) != []


def test_windows_has_a_network_of_its_own():
    windows = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
    assert "networkMode" not in canonical(small(runtimePlatform=windows))


@pytest.mark.parametrize("mode", ["host", "awsvpc"])
def test_where_the_network_is_the_tasks_own_the_hosts_port_is_the_containers(mode):
    one = {**contained(portMappings=[{"containerPort": 80}]), "networkMode": mode}
    other = {**contained(portMappings=[{"containerPort": 80, "hostPort": 80}]), "networkMode": mode}
    assert difference(one, other) == []


MEMBERS = st.sampled_from(
    sorted(leaf for way in leaves(every_member()) for leaf in way if isinstance(leaf, str))
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(MEMBERS, ANYTHING, max_size=5), st.dictionaries(MEMBERS, ANYTHING, max_size=5))
def test_values_of_wrong_types_are_compared_all_the_same(one, other):
    form = canonical(one)
    assert canonical(form) == form
    assert difference(one, one) == []
    assert bool(difference(one, other)) == bool(difference(other, one))
