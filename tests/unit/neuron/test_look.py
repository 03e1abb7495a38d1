from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronserve.errors import DeviceFault
from neuronserve.generation import Generation
from neuronserve.instances import catalogue
from neuronserve.neuron import marker
from neuronserve.neuron.neuronls import Device
from neuronserve.neuron.told import family_of
from tests.unit.neuron.hosts import ERRORS, Tree, codes, only


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


def test_no_devices_where_nothing_shows_chips(tree):
    problem = only(tree.look())
    assert (problem.code, problem.fatal) == ("no_devices", True)
    assert "MODEL_SERVER=cpu" in problem.hint


def test_no_devices_given_of_those_that_the_host_has(tree):
    tree.sysfs(0)
    assert "--device=/dev/neuron0" in only(tree.look()).hint


def test_no_devices_because_the_driver_is_not_loaded(tree):
    tree.product("inf1.xlarge")
    assert "aws-neuronx-dkms" in only(tree.look()).hint


def test_a_device_folder_that_is_none_has_no_devices(tree):
    tree.roots.dev.rmdir()
    assert codes(tree.look()) == ["no_devices"]
    tree.roots.dev.touch()
    host = tree.look()
    assert (codes(host), host.simulated) == (["no_devices"], False)


def test_other_names_are_no_devices(tree):
    for name in ("neuron", "neuron00", "neuronx", "neuron-simulated", "neuron٣"):
        (tree.roots.dev / name).touch()
    assert codes(tree.look()) == ["no_devices"]


def test_a_gap_is_named(tree):
    for index in (0, 1, 4):
        tree.device(index)
        tree.sysfs(index)
    problem = only(tree.look())
    assert (problem.code, problem.fatal) == ("gap", True)
    assert "neuron2, neuron3 between them is missing" in problem.message


def test_a_device_that_cannot_be_used_is_no_gap(tree):
    for index in range(3):
        tree.device(index, error=5 if index == 1 else None)
        tree.sysfs(index)
    host = tree.look()
    assert codes(host) == ["open_failed"]
    assert [chip.index for chip in host.chips] == [0, 2]


def test_numbers_need_not_begin_at_zero(tree):
    for index in (12, 13):
        tree.device(index)
        tree.sysfs(index)
    assert codes(tree.look()) == []


def test_a_directory_is_what_docker_makes(tree):
    (tree.roots.dev / "neuron0").mkdir()
    problem = only(tree.look())
    assert (problem.code, problem.fatal) == ("directory", True)
    assert "--device instead of -v" in problem.hint


def test_a_regular_file_is_no_device(tree):
    (tree.roots.dev / "neuron0").touch()
    assert only(tree.look()).code == "regular_file"


def test_a_dangling_link_is_told_with_its_target(tree):
    (tree.roots.dev / "neuron0").symlink_to("/dev/neuron-nowhere")
    problem = only(tree.look())
    assert problem.code == "dangling_link"
    assert "/dev/neuron-nowhere" in problem.message


def test_a_null_device_is_no_chip_of_a_real_host(tree):
    (tree.roots.dev / "neuron0").symlink_to("/dev/null")
    host = tree.look()
    assert only(host).code == "null_device"
    assert host.chips == ()
    assert not host.simulated


@pytest.mark.parametrize(("error", "code"), ERRORS.items())
def test_what_keeps_a_device_from_being_opened_is_told_apart(tree, error, code):
    tree.device(0, error=error)
    tree.sysfs(0)
    host = tree.look()
    problem = only(host)
    assert (problem.code, problem.fatal) == (code, True)
    assert problem.device == str(tree.roots.dev / "neuron0")
    assert host.chips == ()


def test_a_missing_permission_names_the_mode(tree):
    tree.device(0, error=13, mode=0o600)
    assert "mode 0600" in only(tree.look()).message


def test_contiguous_chips_mapped_from_zero_are_right_and_noted(tree):
    for index in range(2):
        tree.device(index, minor=4 + index)
        tree.sysfs(4 + index)
    host = tree.look()
    problem = only(host)
    assert (problem.code, problem.fatal) == ("renumbered", False)
    assert "neuron0 is the host's neuron4" in problem.message
    assert [chip.host_index for chip in host.chips] == [4, 5]
    host.check()


def test_chips_from_all_over_the_host_are_a_fault(tree):
    for index, minor in ((0, 4), (1, 9)):
        tree.device(index, minor)
        tree.sysfs(minor)
    assert (only(tree.look()).code, only(tree.look()).fatal) == ("scattered", True)


def test_chips_in_another_order_are_noted(tree):
    for index, minor in ((0, 5), (1, 4)):
        tree.device(index, minor)
        tree.sysfs(minor)
    assert (only(tree.look()).code, only(tree.look()).fatal) == ("misordered", False)


def test_one_chip_mapped_twice_is_a_fault(tree):
    tree.sysfs(0)
    tree.device(0)
    tree.device(1, minor=0)
    problem = only(tree.look())
    assert (problem.code, problem.fatal) == ("same_chip", True)


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


def simulated(tree, devices=2, **mark):
    for index in range(devices):
        (tree.roots.dev / f"neuron{index}").symlink_to("/dev/null")
        tree.sysfs(index + 1, "Inf1", 4)
    raw = {"instance_type": "inf1.6xlarge", "minors": {"0": 1, "1": 2}, "cores_dir": "/nowhere", **mark}
    (tree.roots.dev / marker.NAME).write_text(json.dumps(raw))


def test_a_simulated_host_says_so_and_its_mark_gives_the_numbers(tree):
    simulated(tree)
    host = tree.look(neuron_ls=lambda: pytest.fail("it knows nothing of simulated hosts"))
    assert host.simulated
    assert host.instance_type == "inf1.6xlarge"
    assert [(chip.index, chip.host_index, chip.cores) for chip in host.chips] == [(0, 1, 4), (1, 2, 4)]
    assert not host.faults


def test_a_real_device_in_a_simulated_host_is_refused(tree):
    simulated(tree)
    tree.device(2)
    host = tree.look()
    assert [problem.code for problem in host.faults] == ["mixed_hosts"]
    assert [chip.index for chip in host.chips] == [0, 1]


def test_a_simulated_device_that_the_mark_does_not_name_is_refused(tree):
    simulated(tree, devices=3)
    assert [problem.code for problem in tree.look().faults] == ["bad_marker"]


@pytest.mark.parametrize(
    "mark",
    [
        {"instance_type": "inf9.xlarge"},
        {"instance_type": 1},
        {"minors": []},
        {"minors": {"0": -1}},
        {"minors": {"x": 0}},
        {"cores_dir": ""},
    ],
)
def test_a_damaged_mark_is_a_fault_and_still_simulated(tree, mark):
    simulated(tree, **mark)
    host = tree.look()
    assert only(host).code == "bad_marker"
    assert host.simulated
    assert host.chips == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    st.binary(max_size=64)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["instance_type", "minors", "cores_dir", "0"]), inner, max_size=3
            )
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_bytes_are_taken_for_a_mark_that_are_none(tmp_path, content):
    (tmp_path / marker.NAME).write_bytes(content)
    with pytest.raises(DeviceFault):
        marker.read(tmp_path)


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
