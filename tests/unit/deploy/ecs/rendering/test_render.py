"""Task definitions of every mode on every type, against botocore's model of ECS and AWS's own words."""

from __future__ import annotations

import json

import pytest
from botocore.validate import ParamValidator

from neuronserve.deploy.ecs import allocatable
from neuronserve.deploy.ecs.rendering import container, ports, render
from neuronserve.deploy.ecs.rendering.spec import Logs, Mode, Network, Ports
from neuronserve.errors import InvalidInput
from neuronserve.instances import catalogue
from tests.deploying.task_specs import EVERY, IMAGE, MODES, ROLE, ecs, full, possible, requests, spec

# What Managed Instances do not take (ECS developer guide, "task definition differences").
NOT_MANAGED = {
    "disableNetworking", "dnsSearchDomains", "dnsServers", "dockerLabels", "dockerSecurityOptions",
    "dockerVolumeConfiguration", "ephemeralStorage", "extraHosts", "hostname", "inferenceAccelerators",
    "ipcMode", "links", "maxSwap", "proxyConfiguration", "sharedMemorySize", "sourcePath", "swappiness",
    "tmpfs", "devices",
}  # fmt: skip


def shape():
    return ecs().operation_model("RegisterTaskDefinition").input_shape


@pytest.mark.parametrize(("mode", "name"), EVERY)
@pytest.mark.parametrize("make", [spec, full])
def test_botocore_takes_every_mode_on_every_type(mode, name, make):
    for request in requests(mode, name, make):
        assert ParamValidator().validate(request, shape()).generate_report() == ""


@pytest.mark.parametrize(("mode", "name"), EVERY)
def test_every_word_is_one_of_the_models(mode, name):
    for request in requests(mode, name):
        assert list(wrong_words(request, shape())) == []


def wrong_words(value, model):
    """Values that are not in their enum."""
    if model.type_name == "structure":
        for key, inner in value.items():
            yield from wrong_words(inner, model.members[key])
    elif model.type_name == "list":
        for inner in value:
            yield from wrong_words(inner, model.member)
    elif model.type_name == "string" and model.enum and value not in model.enum:
        yield value


def test_the_check_of_words_sees_a_wrong_one():
    assert list(wrong_words({"networkMode": "bridged"}, shape())) == ["bridged"]


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_a_whole_instance_has_all_its_chips(name):
    [request] = requests("whole", name)
    [one] = request["containerDefinitions"]
    assert [d["hostPath"] for d in one["linuxParameters"]["devices"]] == [
        f"/dev/neuron{n}" for n in range(catalogue()[name].chips)
    ]
    assert all(d["hostPath"] == d["containerPath"] for d in one["linuxParameters"]["devices"])
    assert all(d["permissions"] == ["read", "write"] for d in one["linuxParameters"]["devices"])


def test_each_slot_has_chips_of_its_own_numbered_from_0_inside():
    made = render.task_definitions(spec("inf1.24xlarge", mode=Mode.SLOTS, slots=3))
    devices = [r["containerDefinitions"][0]["linuxParameters"]["devices"] for r in made]
    assert [[d["hostPath"] for d in part] for part in devices] == [
        [f"/dev/neuron{n}" for n in part] for part in (range(6), range(6, 11), range(11, 16))
    ]
    for part in devices:
        assert [d["containerPath"] for d in part] == [f"/dev/neuron{n}" for n in range(len(part))]
    assert [r["family"] for r in made] == ["resnet-slot0", "resnet-slot1", "resnet-slot2"]


def test_slots_have_a_host_port_each_which_keeps_two_of_one_slot_apart():
    made = render.task_definitions(spec(mode=Mode.SLOTS, slots=4, host_port=9000))
    mapped = [r["containerDefinitions"][0]["portMappings"] for r in made]
    assert [(m["containerPort"], m["hostPort"]) for [m] in mapped] == [(8080, 9000 + n) for n in range(4)]


def test_slots_may_have_dynamic_ports():
    made = render.task_definitions(spec(mode=Mode.SLOTS, slots=4, ports=Ports.DYNAMIC))
    assert {r["containerDefinitions"][0]["portMappings"][0]["hostPort"] for r in made} == {ports.DYNAMIC}


@pytest.mark.parametrize(("mode", "name"), EVERY)
def test_memory_and_cpu_are_what_the_container_sees_too_and_fit_the_instance(mode, name):
    made = requests(mode, name)
    for request in made:
        [one] = request["containerDefinitions"]
        assert (str(one["cpu"]), str(one["memory"])) == (request["cpu"], request["memory"])
        assert 128 <= one["cpu"] <= 196608
    assert sum(int(r["memory"]) for r in made) <= allocatable.memory_mib(catalogue()[name])
    assert sum(int(r["cpu"]) for r in made) <= allocatable.cpu(catalogue()[name])


@pytest.mark.parametrize("name", possible("managed"))
def test_managed_instances_give_all_chips_and_take_nothing_else_of_the_kind(name):
    [request] = requests("managed", name)
    [one] = request["containerDefinitions"]
    assert one["resourceRequirements"] == [{"type": "NeuronDevice", "value": "ALL"}]
    assert request["requiresCompatibilities"] == ["MANAGED_INSTANCES"]
    assert request["networkMode"] == "awsvpc"
    assert not NOT_MANAGED & set(keys(request))
    assert one["stopTimeout"] <= 120


def keys(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


@pytest.mark.parametrize(("mode", "name"), [e for e in EVERY if e[0] != "managed"])
def test_on_ec2_chips_are_devices_and_nothing_is_required_of_ecs(mode, name):
    for request in requests(mode, name):
        assert request["requiresCompatibilities"] == ["EC2"]
        assert not {"resourceRequirements", "inferenceAccelerators"} & set(keys(request))


@pytest.mark.parametrize(("mode", "name"), EVERY)
def test_no_task_definition_switches_the_container_runtime(mode, name):
    assert "AWS_NEURON_VISIBLE_DEVICES" not in json.dumps(requests(mode, name))


def test_everything_that_was_asked_for_is_there():
    [request] = render.task_definitions(full("inf1.xlarge"))
    [one] = request["containerDefinitions"]
    assert request["executionRoleArn"] == request["taskRoleArn"] == ROLE
    assert request["tags"] == [{"key": "cost-centre", "value": "7"}, {"key": "team", "value": "vision"}]
    assert one["image"] == IMAGE
    assert one["secrets"] == [
        {"name": "TOKEN", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf"}
    ]
    assert one["environmentFiles"] == [{"type": "s3", "value": "arn:aws:s3:::settings/resnet.env"}]
    assert {"name": "AWS_REGION", "value": "us-east-1"} in one["environment"]
    assert one["stopTimeout"] == 50
    assert one["linuxParameters"]["initProcessEnabled"] is True
    assert one["logConfiguration"]["logDriver"] == "awslogs"
    assert one["logConfiguration"]["options"] == {
        "awslogs-group": "/ecs/resnet",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "neuronserve",
        "awslogs-create-group": "true",
        "mode": "non-blocking",
        "max-buffer-size": "25m",
    }


def test_a_read_only_root_has_a_volume_for_temporary_files():
    [request] = render.task_definitions(spec(read_only=True))
    [one] = request["containerDefinitions"]
    assert one["readonlyRootFilesystem"] is True
    assert request["volumes"] == [{"name": container.SCRATCH, "host": {}}]
    assert one["mountPoints"] == [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}]


def test_what_was_not_asked_for_is_not_there():
    [request] = render.task_definitions(spec(restart=False))
    absent = {"executionRoleArn", "taskRoleArn", "tags", "volumes", "secrets", "environmentFiles"}
    absent |= {"logConfiguration", "restartPolicy", "readonlyRootFilesystem", "mountPoints"}
    assert not absent & set(keys(request))


@pytest.mark.parametrize(("drain", "timeout"), [(25, 35), (0, 10), (0.5, 11), (600, 610)])
def test_the_stop_timeout_is_above_the_drain(drain, timeout):
    [request] = render.task_definitions(spec(drain_seconds=drain))
    assert request["containerDefinitions"][0]["stopTimeout"] == timeout


@pytest.mark.parametrize("mode", MODES)
def test_the_same_spec_gives_the_same_bytes(mode):
    name = possible(mode)[0]
    tags = {"b": "1", "a": "2"}
    turned = dict(reversed(tags.items()))
    one = render.task_definitions(full(name, **MODES[mode], tags=tags))
    assert json.dumps(one) == json.dumps(render.task_definitions(full(name, **MODES[mode], tags=turned)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"family": "a.b"}, "family 'a.b'"),
        ({"family": "a" * 250, "mode": Mode.SLOTS, "slots": 2}, "-slot0': expected 1 to 255"),
        ({"container": ""}, "container name ''"),
        ({"image": "a b"}, "image 'a b'"),
        ({"task_role": "a b"}, "task role 'a b'"),
        ({"execution_role": ""}, "execution role ''"),
        ({"tags": {"aws:a": "b"}}, "tag 'aws:a'"),
        ({"secrets": {"A": "a b"}, "execution_role": ROLE}, "secret A"),
        ({"secrets": {"A": "a/b"}}, "without an execution role"),
        ({"environment_files": ("arn:aws:s3:::settings/a.env",)}, "without an execution role"),
        ({"logs": Logs("/ecs/a")}, "log group /ecs/a: no region"),
        ({"logs": Logs("a b", "us-east-1")}, "log group 'a b'"),
        ({"logs": Logs("", "us-east-1")}, "log group ''"),
        ({"logs": Logs("/a", "us-east-1", "a:b")}, "log stream prefix 'a:b'"),
        ({"load_seconds": -1}, "a load of -1 s: expected 0 to 86400"),
        ({"drain_seconds": 3601}, "a drain of 3601 s: expected 0 to 3600"),
        ({"drain_seconds": float("nan")}, "a drain of nan s"),
        ({"drain_seconds": float("inf")}, "a drain of inf s"),
        ({"network": Network.AWSVPC, "ports": Ports.DYNAMIC}, "only a bridge maps ports"),
        ({"environment": {"A": "a" * 70000}}, "ECS takes 65536"),
        ({"placement": "inf1"}, "placement 'inf1'"),
    ],
)
def test_what_ecs_would_not_take_is_refused(changes, reason):
    with pytest.raises(InvalidInput, match=reason):
        render.task_definitions(spec(**changes))
