"""Who has which chips: containers of one task, tasks of one definition, NeuronDevice."""

from __future__ import annotations

import pytest

from tests.deploying.task_definitions import NEURON, changed, told, without

C = "/containerDefinitions/0"
SECOND = "/containerDefinitions/1"
DEVICES = "linuxParameters/devices"


def second(*numbers, **members):
    """The definition with a container more, that has these chips, and a port of its own."""
    [first] = NEURON["containerDefinitions"]
    devices = [
        {"hostPath": f"/dev/neuron{n}", "containerPath": f"/dev/neuron{m}"} for m, n in enumerate(numbers)
    ]
    other = {
        **without(first, "/portMappings"),
        "name": "other", "memory": 10000, "cpu": 4000, "linuxParameters": {"devices": devices},
        "healthCheck": {"command": ["CMD", "check"], "startPeriod": 60},
        **members,
    }  # fmt: skip
    return changed(NEURON, "/containerDefinitions", [first, other])


def test_containers_with_chips_of_their_own_have_no_finding():
    request = changed(
        second(2, 3), f"{C}/{DEVICES}", NEURON["containerDefinitions"][0]["linuxParameters"]["devices"][:2]
    )
    assert told(request) == {}


def test_a_chip_of_two_containers_is_an_error_for_each():
    assert told(second(2, 3)) == {(f"{SECOND}/{DEVICES}/{n}", "chips-overlap"): "error" for n in (0, 1)}


def test_it_is_an_error_where_both_name_the_same_cores():
    cores = [{"name": "NEURON_RT_VISIBLE_CORES", "value": "0-3"}]
    request = changed(second(0, environment=cores), f"{C}/environment", cores)
    assert told(request) == {(f"{SECOND}/environment/0/value", "cores-overlap"): "error"}


def small(**members):
    """Half an instance or less, so that there is room for two."""
    return {**changed(NEURON, f"{C}/memory", 20000, f"{C}/cpu", 12000), **members}


@pytest.mark.parametrize(
    "request_",
    [
        changed(small(), f"{C}/portMappings/0/hostPort", 0),
        changed(small(networkMode="awsvpc"), f"{C}/portMappings", [{"containerPort": 8080}]),
        without(small(), f"{C}/portMappings"),
    ],
    ids=["dynamic port", "awsvpc", "no port"],
)
def test_nothing_keeps_two_tasks_off_the_same_chips_without_a_host_port(request_):
    assert told(request_) == {("", "nothing-keeps-tasks-apart"): "warning"}


def test_a_static_host_port_keeps_tasks_apart_and_so_does_size():
    assert told(small()) == {}
    assert told(changed(small(networkMode="host"), f"{C}/portMappings", [{"containerPort": 8080}])) == {}
    assert told(changed(NEURON, f"{C}/portMappings/0/hostPort", 0)) == {}


MANAGED = {
    **without(NEURON, "/placementConstraints", f"{C}/linuxParameters"),
    "requiresCompatibilities": ["MANAGED_INSTANCES"],
    "networkMode": "awsvpc",
    "executionRoleArn": "execution",
}
NEEDS = f"{C}/resourceRequirements"
MANAGED = changed(MANAGED, NEEDS, [{"type": "NeuronDevice", "value": "ALL"}])


def test_neuron_device_on_managed_instances_has_no_finding():
    assert told(MANAGED) == {}


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ((f"{NEEDS}/0/value", "1"), f"{NEEDS}/0/value", "neuron-device-value"),
        ((NEEDS, [{"type": "NeuronDevice"}]), f"{NEEDS}/0", "neuron-device-value"),
        (("/requiresCompatibilities", ["EC2"]), NEEDS, "neuron-device-not-managed"),
        (
            (f"{C}/linuxParameters", {"devices": [{"hostPath": "/dev/neuron0"}]}),
            f"{C}/{DEVICES}",
            "two-ways-to-chips",
        ),
        (("/networkMode", "bridge"), "/networkMode", "not-on-managed"),
        (
            (f"{C}/logConfiguration", {"logDriver": "gelf"}),
            f"{C}/logConfiguration/logDriver",
            "not-on-managed",
        ),
        (
            (
                "/placementConstraints",
                [{"type": "memberOf", "expression": "attribute:ecs.instance-type =~ inf1.*"}],
            ),
            NEEDS,
            "neuron-device-on-inf1",
        ),
    ],
)
def test_what_managed_instances_have_not_is_an_error(changes, pointer, code):
    found = told(changed(MANAGED, *changes))
    assert found.pop((pointer, code)) == "error"
    assert set(found) <= {("", "nothing-keeps-tasks-apart")}


def test_neuron_device_is_for_one_container():
    [first] = MANAGED["containerDefinitions"]
    two = [first, {**without(first, "/portMappings"), "name": "other", "memory": 1000, "cpu": 100}]
    assert told(changed(MANAGED, "/containerDefinitions", two)) == {
        (f"{SECOND}/resourceRequirements", "neuron-device-twice"): "error"
    }


def test_managed_instances_pull_images_and_write_logs_as_the_execution_role():
    logs = {"awslogs-group": "g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"}
    request = changed(MANAGED, f"{C}/logConfiguration", {"logDriver": "awslogs", "options": logs})
    assert told(request) == {}
    assert told(without(request, "/executionRoleArn")) == {
        (f"{C}/image", "no-execution-role"): "warning",
        (f"{C}/logConfiguration/logDriver", "no-execution-role"): "warning",
    }


def test_neuron_device_without_a_word_of_managed_instances_is_a_warning():
    request = without(MANAGED, "/requiresCompatibilities")
    assert told(request) == {("", "neuron-device-not-managed"): "warning"}
