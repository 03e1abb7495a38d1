"""A simulated host is what the driver would show, and is known to be simulated."""

import os
import stat

import pytest

from neuronserve import instances
from neuronserve.errors import DeviceFault, SettingsError
from neuronserve.neuron.chips import Roots
from neuronserve.neuron.look import look
from neuronserve.simulator import host


def looked(made):
    return look(Roots(dev=made.devices, sys=made.sysfs), neuron_ls=None)


@pytest.mark.parametrize("name", instances.catalogue())
def test_the_chips_of_each_type_are_seen_as_the_catalogue_has_them(tmp_path, name):
    made = host.create(tmp_path / "h", name)
    instance, seen = instances.catalogue()[name], looked(made)
    assert not seen.problems
    assert seen.simulated
    assert seen.instance_type == name
    assert [chip.host_index for chip in seen.chips] == list(range(instance.chips))
    assert {(c.cores, c.generation, c.device_mib) for c in seen.chips} == {
        (instance.cores, instance.generation, instance.device_mib)
    }
    assert made.cores == tuple(range(instance.all_cores))


def test_devices_can_be_opened_by_everybody(tmp_path):
    made = host.create(tmp_path / "h", "inf1.6xlarge")
    for number in range(4):
        device = made.devices / f"neuron{number}"
        assert stat.S_ISCHR(device.stat().st_mode)
        assert stat.S_IMODE(device.stat().st_mode) == 0o666
        os.close(os.open(device, os.O_RDWR))


def test_where_nodes_may_not_be_made_devices_are_links_to_null(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(os, "mknod", refused)
    made = host.create(tmp_path / "h", "inf1.xlarge")
    assert (made.devices / "neuron0").readlink() == host.Path("/dev/null")
    assert not looked(made).problems


def test_core_count_is_for_root_only_and_ends_without_a_newline(tmp_path):
    made = host.create(tmp_path / "h", "inf1.xlarge")
    file = made.sysfs / "devices/virtual/neuron_device/neuron0/core_count"
    assert file.read_text() == "4"
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    assert (made.sysfs / "class/neuron_device/neuron0/core_count").samefile(file)


def test_the_driver_version_says_simulated(tmp_path):
    made = host.create(tmp_path / "h", "inf1.xlarge")
    assert (made.sysfs / "module/neuron/version").read_text().strip().endswith("-simulated")


def test_sysfs_shows_all_chips_of_the_host_to_a_container_with_some(tmp_path):
    made = host.create(tmp_path / "h", "inf1.24xlarge", chips=2, first=4)
    assert len(list((made.sysfs / "class/neuron_device").iterdir())) == 16
    assert made.minors == {0: 4, 1: 5}
    assert made.cores == tuple(range(16, 24))
    assert [chip.host_index for chip in looked(made).chips] == [4, 5]


def test_devices_may_keep_the_numbers_of_the_host(tmp_path):
    made = host.create(tmp_path / "h", "inf1.24xlarge", chips=2, first=4, renumber=False)
    assert made.minors == {4: 4, 5: 5}
    assert (made.devices / "neuron4").exists()


def test_attach_finds_what_create_made(tmp_path):
    made = host.create(tmp_path / "h", "inf1.24xlarge", chips=12, first=3)
    assert host.attach(tmp_path / "h") == made


def test_containers_of_one_host_share_its_cores(tmp_path):
    whole = host.create(tmp_path / "a", "inf1.6xlarge")
    part = host.create(tmp_path / "b", "inf1.6xlarge", chips=1, first=2, cores_dir=whole.cores_dir)
    assert [part.lock_file(core) for core in part.cores] == [whole.lock_file(core) for core in range(8, 12)]
    assert part.socket(8) == whole.socket(8)
    assert host.attach(tmp_path / "b") == part


def test_the_nodes_of_a_container_are_adopted_with_their_numbers(tmp_path):
    devices = tmp_path / "dev"
    devices.mkdir()
    for number in (11, 2):
        (devices / f"neuron{number}").symlink_to("/dev/null")
    (devices / "neuron_other").touch()
    made = host.adopt(tmp_path / "h", devices, "inf1.24xlarge")
    assert made.minors == {2: 2, 11: 11}
    assert made.cores == (8, 9, 10, 11, 44, 45, 46, 47)
    assert [chip.index for chip in looked(made).chips] == [2, 11]


def test_adopting_no_device_or_too_many_is_refused(tmp_path):
    devices = tmp_path / "dev"
    devices.mkdir()
    with pytest.raises(DeviceFault, match=r"there is no .*/neuronN to simulate a inf1.xlarge with"):
        host.adopt(tmp_path / "h", devices, "inf1.xlarge")
    (devices / "neuron1").symlink_to("/dev/null")
    with pytest.raises(DeviceFault, match=r"inf1\.xlarge has 1 chips"):
        host.adopt(tmp_path / "h", devices, "inf1.xlarge")


@pytest.mark.parametrize(
    ("name", "chips", "first", "text"),
    [
        ("inf3.xlarge", None, 0, "instance type inf3.xlarge: expected one of inf1.xlarge"),
        ("inf1.xlarge", 2, 0, "2 chips from chip 0 on: inf1.xlarge has 1"),
        ("inf1.xlarge", 0, 0, "0 chips"),
        ("inf1.6xlarge", None, 4, "0 chips from chip 4 on"),
        ("inf1.6xlarge", 1, -1, "from chip -1 on"),
    ],
)
def test_what_the_catalogue_does_not_have_is_refused(tmp_path, name, chips, first, text):
    with pytest.raises(SettingsError, match=text):
        host.create(tmp_path / "h", name, chips=chips, first=first)
    assert not (tmp_path / "h").exists()


def test_a_second_host_in_a_folder_is_refused(tmp_path):
    host.create(tmp_path / "h", "inf1.xlarge")
    with pytest.raises(SettingsError, match="already holds a simulated Neuron host"):
        host.create(tmp_path / "h", "inf1.xlarge")


def test_a_folder_without_a_host_is_told(tmp_path):
    with pytest.raises(
        SettingsError, match=r"is no simulated Neuron host: it has no dev/neuron-simulated\.json"
    ):
        host.attach(tmp_path)
