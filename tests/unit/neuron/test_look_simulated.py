"""The mark of a simulated host."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronserve.errors import DeviceFault
from neuronserve.neuron import marker
from tests.unit.neuron.hosts import Tree, only


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


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
