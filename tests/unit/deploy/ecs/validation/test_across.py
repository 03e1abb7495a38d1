"""Definitions given together: slots of one instance, or strangers."""

from __future__ import annotations

from neuronserve.deploy.ecs import validation
from neuronserve.instances import catalogue
from tests.deploying.task_definitions import MINIMAL, NEURON, changed, without
from tests.deploying.task_specs import requests

C = "/containerDefinitions/0"
DEVICES = f"{C}/linuxParameters/devices"
HOST_PORT = f"{C}/portMappings/0/hostPort"
EXPRESSION = "/placementConstraints/0/expression"


def slot(family, *numbers, port, memory=20000, cpu=10000):
    devices = [
        {"hostPath": f"/dev/neuron{n}", "containerPath": f"/dev/neuron{m}"} for m, n in enumerate(numbers)
    ]
    return changed(
        NEURON,
        *("/family", family),
        *(DEVICES, devices),
        *(HOST_PORT, port),
        *(f"{C}/memory", memory),
        *(f"{C}/cpu", cpu),
    )


def told(*definitions, on=None):
    return {(f.pointer, f.code): str(f.severity) for f in validation.across(definitions, on)}


def test_slots_with_chips_of_their_own_fit():
    assert told(slot("a", 0, 1, port=8080), slot("b", 2, 3, port=8081)) == {}


def test_one_chip_in_two_definitions_is_an_error_at_the_second():
    assert told(slot("a", 0, 1, port=8080), slot("b", 1, 2, port=8081)) == {
        (f"/1{DEVICES}/0", "chips-overlap-across"): "error"
    }


def with_cores(definition, **values):
    return changed(definition, f"{C}/environment", [{"name": k, "value": v} for k, v in values.items()])


def test_definitions_that_divide_the_cores_of_a_chip_fit():
    one, other = slot("a", 0, port=8080), slot("b", 0, port=8081)
    visible, count = "NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES"
    assert told(with_cores(one, **{visible: "0-1"}), with_cores(other, **{visible: "2-3"})) == {}
    assert told(with_cores(one, **{count: "2"}), with_cores(other, **{count: "2"})) == {}
    assert told(with_cores(one, **{visible: "0-2"}), with_cores(other, **{visible: "2-3"})) == {
        (f"/1{DEVICES}/0", "cores-overlap-across"): "error"
    }
    assert told(with_cores(one, **{count: "3"}), with_cores(other, **{count: "2"})) == {
        (f"/1{DEVICES}/0", "cores-overlap-across"): "error"
    }
    assert told(with_cores(one, **{visible: "0-1"}), other) == {
        (f"/1{DEVICES}/0", "chips-overlap-across"): "error"
    }


def test_definitions_of_the_same_host_port_never_meet():
    assert told(slot("a", 0, 1, port=8080), slot("b", 0, 1, port=8080)) == {}


def test_nor_do_those_for_which_there_is_no_room():
    assert told(slot("a", 0, 1, port=8080, memory=40000), slot("b", 0, 1, port=8081)) == {}


def test_nor_do_those_on_different_types():
    other = changed(slot("b", 0, 1, port=8081), EXPRESSION, "attribute:ecs.instance-type == inf1.24xlarge")
    assert told(slot("a", 0, 1, port=8080), other) == {}


def test_slots_of_one_host_port_can_share_no_instance():
    assert told(slot("a", 0, 1, port=8080), slot("b", 2, 3, port=8080)) == {
        (f"/1{HOST_PORT}", "host-port-across"): "warning"
    }


def test_memory_and_cpu_of_slots_are_added_up():
    a = slot("a", 0, 1, port=8080, memory=25000, cpu=13000)
    assert told(a, slot("b", 2, 3, port=8081, memory=25000, cpu=13000)) == {
        ("/1", "memory-not-placeable-across"): "error",
        ("/1", "cpu-not-placeable-across"): "error",
    }
    assert told(a, slot("b", 2, 3, port=8081, memory=21000)) == {("/1", "memory-tight-across"): "warning"}


def test_slots_that_may_be_on_several_types_have_to_fit_on_the_largest_only():
    both = "attribute:ecs.instance-type in [inf1.6xlarge, inf1.24xlarge]"
    one, other = (
        changed(slot(f, *n, port=p, memory=40000), EXPRESSION, both)
        for f, n, p in (("a", (0, 1), 8080), ("b", (2, 3), 8081))
    )
    assert told(one, other) == {}


def test_a_family_that_is_there_twice_is_a_warning():
    assert told(MINIMAL, MINIMAL) == {("/1/family", "same-family"): "warning"}


def test_the_instance_type_can_be_said():
    one, other = (without(slot(f, 0, port=p), "/placementConstraints") for f, p in (("a", 8080), ("b", 8081)))
    assert told(one, other) == {}
    assert told(one, other, on=catalogue()["inf1.6xlarge"]) == {
        (f"/1{DEVICES}/0", "chips-overlap-across"): "error"
    }


def test_definitions_for_whole_instances_of_many_types_have_nothing_to_do_with_each_other():
    every = [d for name in catalogue() for d in requests("whole", name)]
    assert {code for _, code in told(*every)} == {"same-family"}
