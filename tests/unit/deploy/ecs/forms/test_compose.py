"""The document's structure, by the words of the Compose Specification."""

from __future__ import annotations

import pytest
import yaml

from neuronserve.deploy import documents
from neuronserve.deploy.ecs.forms.compose import compose
from neuronserve.deploy.ecs.rendering import render
from neuronserve.deploy.ecs.rendering.spec import Mode, TaskSpec
from neuronserve.errors import InvalidInput
from neuronserve.instances import catalogue

# Keys of a service, and the types their values may have, in the Compose Specification's schema.
SERVICE = {
    "image": str, "platform": str, "entrypoint": list, "command": list, "environment": dict, "labels": dict,
    "init": bool, "user": str, "working_dir": str, "privileged": bool, "read_only": bool, "stdin_open": bool,
    "tty": bool, "cap_add": list, "cap_drop": list, "security_opt": list, "sysctls": dict, "pid": str,
    "ipc": str, "devices": list, "gpus": (str, list), "cpu_shares": (int, str), "cpus": (int, float, str),
    "mem_limit": str, "mem_reservation": str, "memswap_limit": str, "shm_size": str, "ulimits": dict,
    "network_mode": str, "hostname": str, "ports": list, "dns": list, "dns_search": list, "extra_hosts": list,
    "links": list, "volumes": list, "volumes_from": list, "tmpfs": list, "depends_on": dict,
    "healthcheck": dict, "stop_grace_period": str, "restart": str, "logging": dict,
}  # fmt: skip


def one(task=None, **container):
    definition = {"name": "a", "image": "i", **container}
    return compose([{"family": "f", "containerDefinitions": [definition], **(task or {})}])


def checked(document):
    assert set(document) <= {"services", "volumes", "x-notes"}
    for service in document["services"].values():
        assert set(service) <= set(SERVICE)
        for key, value in service.items():
            assert isinstance(value, SERVICE[key]), key
    return document


@pytest.fixture
def slots():
    spec = TaskSpec(
        catalogue()["inf1.6xlarge"], "repo/image:1", "resnet", mode=Mode.SLOTS, slots=4, read_only=True,
        environment={"GREETING": "it costs $5 ${x}"},
    )  # fmt: skip
    return compose(render.task_definitions(spec))


def test_each_slot_is_a_service_with_chips_port_and_limits_of_its_own(slots):
    services = checked(slots)["services"]
    assert [s["devices"] for s in services.values()] == [
        [f"/dev/neuron{n}:/dev/neuron0:rw"] for n in range(4)
    ]
    assert [s["ports"][0]["published"] for s in services.values()] == ["8080", "8081", "8082", "8083"]
    assert list(services) == [f"resnet-slot{n}" for n in range(4)]
    assert services["resnet-slot0"]["cpus"] == 6
    assert set(slots["volumes"]) == {f"resnet-slot{n}-tmp" for n in range(4)}


def test_a_dollar_is_doubled_as_compose_would_take_it_for_a_variable(slots):
    assert slots["services"]["resnet-slot1"]["environment"]["GREETING"] == "it costs $$5 $${x}"


def test_the_document_survives_yaml(slots):
    assert yaml.safe_load(documents.dump(slots, "yaml")) == slots


def test_every_field_has_its_place_in_the_specification():
    found = checked(one(
        {
            "cpu": "512", "memory": "1024", "networkMode": "bridge", "pidMode": "host", "ipcMode": "none",
            "runtimePlatform": {"cpuArchitecture": "ARM64"},
            "volumes": [{"name": "m", "host": {"sourcePath": "/srv"}}],
        },
        entryPoint=["sh"], command=["-c", "x"], environment=[{"name": "A", "value": "1"}],
        dockerLabels={"l": "1"}, user="1", workingDirectory="/w", privileged=True, interactive=True,
        readonlyRootFilesystem=True, pseudoTerminal=True, dockerSecurityOptions=["x"], cpu=256,
        systemControls=[{"namespace": "net.core.somaxconn", "value": "1"}], memoryReservation=128,
        resourceRequirements=[{"type": "GPU", "value": "1"}], hostname="h", dnsServers=["1.1.1.1"],
        dnsSearchDomains=["d"], extraHosts=[{"hostname": "x", "ipAddress": "1.2.3.4"}],
        portMappings=[
            {"containerPort": 53, "hostPort": 53, "protocol": "udp"}, {"containerPortRange": "1-2"},
        ],
        ulimits=[{"name": "nofile", "softLimit": 1, "hardLimit": 2}], stopTimeout=40,
        linuxParameters={
            "initProcessEnabled": True, "sharedMemorySize": 8, "maxSwap": 0,
            "capabilities": {"add": ["IPC_LOCK"], "drop": ["ALL"]},
            "tmpfs": [{"containerPath": "/t", "size": 1}], "devices": [{"hostPath": "/dev/neuron0"}],
        },
        mountPoints=[{"sourceVolume": "m", "containerPath": "/m", "readOnly": True}],
        healthCheck={"command": ["CMD", "x"]}, restartPolicy={"enabled": True, "ignoredExitCodes": [0]},
        logConfiguration={"logDriver": "json-file", "options": {"max-size": "1m"}},
    ))["services"]["f"]  # fmt: skip
    assert set(SERVICE) - set(found) == {"network_mode", "links", "volumes_from", "depends_on"}
    assert found["ports"] == [{"target": 53, "protocol": "udp", "published": "53"}, "1-2"]
    assert found["volumes"] == [
        {
            "type": "bind",
            "source": "/srv",
            "bind": {"create_host_path": True},
            "target": "/m",
            "read_only": True,
        }
    ]
    assert found["healthcheck"] == {
        "test": ["CMD", "x"], "interval": "30s", "timeout": "5s", "retries": 3, "start_period": "0s",
    }  # fmt: skip
    assert found["restart"] == "on-failure"
    assert found["memswap_limit"] == "1024m"


def test_the_images_own_health_check_is_off_as_on_ecs():
    assert one()["services"]["f"]["healthcheck"] == {"disable": True}


def test_secrets_come_from_composes_own_environment():
    found = one(secrets=[{"name": "TOKEN", "valueFrom": "arn:x"}])
    assert found["services"]["f"]["environment"] == {"TOKEN": None}
    assert any("TOKEN" in note for note in found["x-notes"])


def test_containers_of_a_task_wait_for_each_other_and_share_an_interface():
    found = checked(compose([{
        "family": "f", "networkMode": "awsvpc",
        "containerDefinitions": [
            {"name": "web", "image": "i", "healthCheck": {"command": ["CMD", "x"]},
             "portMappings": [{"containerPort": 80}]},
            {"name": "side", "image": "i", "dependsOn": [{"containerName": "web", "condition": "HEALTHY"}]},
        ],
    }]))["services"]  # fmt: skip
    assert found["f-side"]["network_mode"] == "service:f-web"
    assert found["f-side"]["depends_on"] == {"f-web": {"condition": "service_healthy"}}


def test_containers_that_wait_for_each_other_in_a_circle_are_refused():
    waits = [{"containerName": "a", "condition": "START"}]
    with pytest.raises(InvalidInput, match="wait for each other"):
        one(dependsOn=waits)


def test_two_definitions_of_one_family_are_refused():
    request = {"family": "f", "containerDefinitions": [{"name": "a", "image": "i"}]}
    with pytest.raises(InvalidInput, match="the service f"):
        compose([request, request])
