"""Devices that are there, are none, or cannot be used: each told apart."""

from __future__ import annotations

import pytest

from tests.unit.neuron.hosts import ERRORS, Tree, codes, only


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


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
