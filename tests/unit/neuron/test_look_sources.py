"""Where a chip's properties come from, and what is told when the sources differ."""

from __future__ import annotations

import json

import pytest

from neuronserve.errors import DeviceFault
from neuronserve.generation import Generation
from neuronserve.neuron.neuronls import Device
from tests.unit.neuron.hosts import Tree, codes, only


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_without_sysfs_neuron_ls_tells(tree):
    tree.device(0)
    host = tree.look(neuron_ls=lambda: [Device(0, cores=4, memory_mib=8192)])
    [chip] = host.chips
    assert (chip.generation, chip.cores, chip.source) == (Generation.V1, 4, "neuron-ls")
    assert host.problems == ()


def test_neuron_ls_of_new_versions_names_the_type(tree):
    tree.device(0)
    shown = [Device(0, cores=2, memory_mib=32768, instance_type="trn1.2xlarge")]
    assert tree.look(neuron_ls=lambda: shown).instance_type == "trn1.2xlarge"


def test_without_sysfs_and_neuron_ls_the_setting_tells(tree):
    tree.device(0)
    host = tree.look("inf2.8xlarge", neuron_ls=lambda: None)
    [chip] = host.chips
    assert (chip.cores, chip.device_mib, chip.source) == (2, 32768, "SERVE_INSTANCE_TYPE")
    assert chip.instance_type == host.instance_type == "inf2.8xlarge"


def test_the_source_is_the_one_that_tells_the_cores(tree):
    tree.device(0)
    tree.sysfs(0, "Inf1", 0, core_count=False)
    shown = [Device(0, cores=4, memory_mib=8192)]
    assert tree.look("inf1.xlarge", neuron_ls=lambda: shown).chips[0].source == "neuron-ls"
    assert tree.look("inf1.xlarge").chips[0].source == "SERVE_INSTANCE_TYPE"


def test_when_nothing_tells_the_setting_is_asked_for(tree):
    tree.device(0)
    host = tree.look()
    problem = only(host)
    assert (problem.code, problem.fatal) == ("unknown_chip", True)
    assert "SERVE_INSTANCE_TYPE" in problem.hint
    assert (host.chips[0].cores, host.chips[0].generation) == (None, None)


def test_a_generation_that_nothing_tells_is_no_fault(tree):
    tree.device(0)
    problem = only(tree.look(neuron_ls=lambda: [Device(0, cores=4)]))
    assert (problem.code, problem.fatal) == ("unknown_generation", False)


def test_a_setting_that_the_driver_contradicts_is_told_and_not_believed(tree):
    tree.device(0)
    tree.sysfs(0, "Trn1", 2)
    host = tree.look("inf1.xlarge")
    problem = only(host)
    assert (problem.code, problem.fatal) == ("setting_disagrees", False)
    assert "NeuronCore-v2 by sysfs, NeuronCore-v1 by SERVE_INSTANCE_TYPE" in problem.message
    assert host.chips[0].generation is Generation.V2
    assert host.instance_type == "trn1.2xlarge"


def test_families_of_one_generation_are_told_apart(tree):
    tree.device(0)
    tree.sysfs(0, "Trn1", 2)
    assert "Trn1 by sysfs, Inf2 by SERVE_INSTANCE_TYPE" in only(tree.look("inf2.xlarge")).message


def test_neuron_ls_that_contradicts_the_driver_is_told_once_for_all_chips(tree):
    for index in range(4):
        tree.device(index)
        tree.sysfs(index, "Inf1", 4)
    host = tree.look(neuron_ls=lambda: [Device(index, cores=2) for index in range(4)])
    problem = only(host)
    assert (problem.code, problem.fatal, problem.device) == ("neuron_ls_disagrees", False, "")
    assert [chip.cores for chip in host.chips] == [4] * 4


def test_a_chip_that_neuron_ls_does_not_show_is_told(tree):
    for index in range(2):
        tree.device(index)
        tree.sysfs(index, "Inf1", 4)
    problem = only(tree.look(neuron_ls=lambda: [Device(0, cores=4)]))
    assert (problem.code, problem.fatal) == ("neuron_ls_disagrees", False)
    assert problem.message == f"neuron-ls does not show {problem.device}"
    assert problem.device.endswith("/dev/neuron1")
    assert {each.code for each in tree.look(neuron_ls=list).problems} == {"neuron_ls_disagrees"}
    assert tree.look(neuron_ls=lambda: None).problems == ()


def test_a_setting_of_another_size_than_the_machine_says_is_told(tree):
    tree.device(0)
    tree.sysfs(0)
    tree.product("inf1.2xlarge")
    host = tree.look("inf1.xlarge")
    assert only(host).code == "setting_disagrees"
    assert host.instance_type == "inf1.2xlarge"


def test_a_setting_with_fewer_chips_than_there_are_is_told(tree):
    for index in range(4):
        tree.device(index)
    problem = only(tree.look("inf1.xlarge"))
    assert (problem.code, problem.fatal) == ("chip_count", False)


def test_a_chip_that_the_driver_lost_is_told(tree):
    for index in range(15):
        tree.device(index)
        tree.sysfs(index)
    tree.product("inf1.24xlarge")
    assert "has 16 chips, and the driver shows 15" in only(tree.look()).message


def test_a_setting_that_is_no_instance_type_is_told(tree):
    tree.device(0)
    tree.sysfs(0)
    assert only(tree.look("m5.large")).code == "unknown_instance_type"


def test_a_device_that_sysfs_does_not_have_is_told(tree):
    tree.sysfs(0)
    tree.device(7)
    host = tree.look("inf1.xlarge")
    assert codes(host) == ["not_in_sysfs"]
    assert host.chips[0].source == "SERVE_INSTANCE_TYPE"


def test_a_machine_of_another_kind_names_no_type(tree):
    tree.device(0)
    tree.sysfs(0)
    tree.product("m5.large")
    assert tree.look().instance_type == ""


def test_neuron_ls_is_not_asked_where_there_is_no_device(tree):
    asked = []
    tree.look(neuron_ls=lambda: asked.append(1))
    assert asked == []


def test_check_raises_the_first_fault_and_counts_the_others(tree):
    for index in (0, 2):
        (tree.roots.dev / f"neuron{index}").mkdir()
    with pytest.raises(DeviceFault, match=r"neuron0 is a directory.*\(and 2 more\)") as caught:
        tree.look().check()
    assert "neuron1 between them is missing" in caught.value.detail


def test_a_host_in_jsons_types_is_json(tree):
    tree.device(0)
    tree.sysfs(0)
    assert json.loads(json.dumps(tree.look().as_dict()))["chips"][0]["cores"] == 4
