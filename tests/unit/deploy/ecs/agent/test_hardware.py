from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.agent import hardware
from neuronserve.deploy.ecs.agent.hardware import Device


def container(**linux):
    return {"name": "a", "image": "i", "linuxParameters": linux}


@pytest.mark.parametrize(
    ("permissions", "letters"),
    [
        (None, "rwm"),
        ([], "rwm"),
        (["read"], "r"),
        (["mknod", "write", "read"], "rwm"),
        (["write", "read"], "rw"),
    ],
)
def test_permissions_are_the_engines_letters(permissions, letters):
    given = {"hostPath": "/dev/neuron1", **({} if permissions is None else {"permissions": permissions})}
    (found,) = hardware.devices(container(devices=[given]))
    assert found == Device("/dev/neuron1", "/dev/neuron1", letters)


def test_all_neuron_devices_are_those_that_there_are():
    asked = {"name": "a", "resourceRequirements": [{"type": "NeuronDevice", "value": "ALL"}]}
    assert [d.host for d in hardware.devices(asked, ["/dev/neuron0", "/dev/neuron1"])] == [
        "/dev/neuron0", "/dev/neuron1",
    ]  # fmt: skip
    assert hardware.devices(container(), ["/dev/neuron0"]) == ()


@pytest.mark.parametrize(
    ("path", "chip"),
    [("/dev/neuron12", 12), ("/dev/neuron01", None), ("/dev/nvidia0", None), ("/dev/neuron", None)],
)
def test_a_chip_is_known_by_its_path(path, chip):
    assert Device(path, path, "rw").chip == chip


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("attribute:ecs.instance-type == inf1.6xlarge", "inf1.6xlarge"),
        ("attribute:ecs.instance-type==Inf1.XLARGE", "inf1.xlarge"),
        ("attribute:ecs.instance-type in [inf2.48xlarge]", "inf2.48xlarge"),
        ("attribute:ecs.os-type == linux and attribute:ecs.instance-type == 'trn1.2xlarge'", "trn1.2xlarge"),
        ("attribute:ecs.instance-type =~ inf1\\.6.*", "inf1.6xlarge"),
        ("attribute:ecs.instance-type in [m5.large, inf1.2xlarge]", "inf1.2xlarge"),
        ("attribute:ecs.instance-type =~ inf1.*", None),
        ("attribute:ecs.instance-type != inf1.xlarge", None),
        ("not (attribute:ecs.instance-type == inf1.xlarge)", None),
        ("attribute:ecs.instance-type ==", None),
        ("attribute:ecs.instance-type =~ (a*)*b", None),
        ("attribute:ecs.instance-type in [inf1.xlarge, inf1.2xlarge]", None),
        ("attribute:ecs.instance-type == m5.large", None),
    ],
)
def test_the_type_is_that_of_the_placement_constraint(expression, name):
    request = {
        "containerDefinitions": [], "placementConstraints": [{"type": "memberOf", "expression": expression}],
    }  # fmt: skip
    found = hardware.instance_type(request)
    assert (found.name if found else None) == name


def test_several_constraints_leave_one_type_together():
    expressions = ["attribute:ecs.instance-type =~ inf1.*", "attribute:ecs.instance-type =~ .*24xlarge"]
    constraints = [{"type": "memberOf", "expression": each} for each in expressions]
    found = hardware.instance_type({"containerDefinitions": [], "placementConstraints": constraints})
    assert found
    assert found.name == "inf1.24xlarge"


def test_where_no_constraint_names_the_type_the_environment_may():
    variables = [{"name": "SERVE_INSTANCE_TYPE", "value": "inf1.2xlarge"}]
    found = hardware.instance_type({"containerDefinitions": [{"name": "a", "environment": variables}]})
    assert found
    assert found.name == "inf1.2xlarge"
