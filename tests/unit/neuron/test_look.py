from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronserve.generation import Generation
from neuronserve.instances import catalogue
from neuronserve.neuron.told import family_of
from tests.unit.neuron.hosts import ERRORS, Tree


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_chips_come_in_the_order_of_their_numbers(tree):
    for index in range(12):
        tree.device(index)
        tree.sysfs(index, "Inf2", 2)
    host = tree.look()
    assert [chip.index for chip in host.chips] == list(range(12))
    assert [chip.path.name for chip in host.chips][2:11:8] == ["neuron2", "neuron10"]
    assert host.problems == ()


def test_sysfs_tells_a_chips_properties(tree):
    tree.device(0)
    tree.sysfs(0, "Inf1", 4, connected="1, 3")
    tree.write("module/neuron/version", "2.16.7.0\n")
    host = tree.look()
    [chip] = host.chips
    assert (chip.generation, chip.cores, chip.device_mib) == (Generation.V1, 4, 8192)
    assert (chip.instance_type, chip.source, chip.connected) == ("Inf1", "sysfs", (1, 3))
    assert (host.driver, host.on_host, host.simulated) == ("2.16.7.0", 1, False)
    assert host.instance_type == ""  # an inf1.xlarge or an inf1.2xlarge


def test_without_root_the_cores_are_counted_by_their_folders(tree):
    tree.device(0)
    tree.sysfs(0, "Inf1", 4, core_count=False)
    assert tree.look().chips[0].cores == 4


def test_the_class_folder_serves_where_there_is_no_other(tree):
    tree.device(0)
    tree.sysfs(0, "Inf1", 4, below="class")
    assert tree.look().chips[0].source == "sysfs"


def test_inf2_and_trn2_are_told_apart_though_the_driver_calls_both_ndv3(tree):
    for index, family, cores in ((0, "Inf2", 2), (1, "Trn2", 8)):
        tree.device(index)
        tree.sysfs(index, family, cores)
        tree.write(f"devices/virtual/neuron_device/neuron{index}/info/architecture/arch_type", "NDv3\n")
    assert [chip.generation for chip in tree.look().chips] == [Generation.V2, Generation.V3]


def test_a_core_tells_the_generation_where_the_family_is_unknown(tree):
    tree.device(0)
    tree.sysfs(0, "", 2)
    [chip] = tree.look().chips
    assert (chip.generation, chip.cores, chip.device_mib) == (Generation.V2, 2, None)


def test_programs_count_half_of_trn2s_cores(tree):
    tree.device(0)
    tree.sysfs(0, "Trn2", 8)
    assert tree.look().chips[0].cores == 4


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_instance_type_is_seen_as_the_catalogue_has_it(tree, name):
    instance = catalogue()[name]
    physical = 8 if instance.generation is Generation.V3 else instance.cores
    for index in range(instance.chips):
        tree.device(index)
        tree.sysfs(index, family_of(name), physical)
    tree.product(name)
    host = tree.look()
    assert host.instance_type == name
    assert host.problems == ()
    assert {(c.generation, c.cores, c.device_mib, c.instance_type) for c in host.chips} == {
        (instance.generation, instance.cores, instance.device_mib, name)
    }


def test_a_size_that_one_type_has_tells_the_type(tree):
    for index in range(16):
        tree.sysfs(index, "Inf1", 4)
    tree.device(0)
    host = tree.look()
    assert host.instance_type == host.chips[0].instance_type == "inf1.24xlarge"
    assert (len(host.chips), host.on_host) == (1, 16)


def test_sysfs_shows_all_chips_but_only_those_given_count(tree):
    for index in range(4):
        tree.sysfs(index, "Inf1", 4)
    tree.device(1)
    assert [chip.index for chip in tree.look().chips] == [1]


def test_properties_are_those_of_the_hosts_chip_that_a_path_stands_for(tree):
    tree.sysfs(0, "Inf1", 4)
    tree.sysfs(5, "Trn1", 2)
    tree.device(0, minor=5)
    [chip] = tree.look().chips
    assert (chip.index, chip.host_index, chip.generation) == (0, 5, Generation.V2)


LAYOUTS = st.dictionaries(
    st.integers(0, 20),
    st.tuples(st.integers(0, 20), st.sampled_from([None, None, None, *ERRORS])),
    max_size=6,
)


@settings(max_examples=100, deadline=None)
@given(LAYOUTS, st.sampled_from([None, "inf1.6xlarge", "trn1.2xlarge", "nonsense"]), st.booleans())
def test_whatever_is_there_is_looked_at_and_faults_are_told(layout, instance_type, driver):
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(Path(folder))
        for index, (minor, error) in layout.items():
            tree.device(index, minor, error=error)
        if driver:
            for index in range(4):
                tree.sysfs(index, "Inf1", 4)
        host = tree.look(instance_type)
    usable = sorted(index for index, (_, error) in layout.items() if not error)
    assert [chip.index for chip in host.chips] == usable
    assert [chip.host_index for chip in host.chips] == [layout[index][0] for index in usable]
    assert all(problem.message and problem.hint for problem in host.problems)
    minors = [chip.host_index for chip in host.chips]
    if layout and not host.faults:
        assert sorted(layout) == list(range(min(layout), max(layout) + 1))
        assert sorted(minors) == list(range(min(minors), max(minors) + 1))
        assert all(chip.cores for chip in host.chips)
