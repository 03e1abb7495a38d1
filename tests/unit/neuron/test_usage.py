from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import DeviceFault
from neuronserve.neuron import monitor, sysfs_stats
from neuronserve.neuron.usage import CoreUsage, RuntimeUsage, Usage
from tests.unit.neuron.hosts import Tree

# Shortened from the neuron-monitor user guide.
REPORT = {
    "neuron_runtime_data": [
        {
            "pid": 4711,
            "address": "",
            "neuron_runtime_tag": "neuronserve-0",
            "error": "",
            "report": {
                "neuroncore_counters": {
                    "period": 5.001,
                    "neuroncores_in_use": {
                        "0": {"neuroncore_utilization": 42.5, "flops": 1},
                        "1": {"neuroncore_utilization": 0},
                    },
                    "error": "",
                },
                "execution_stats": {
                    "period": 5.03,
                    "error_summary": {"generic": 0, "numerical": 2, "hardware": 0},
                    "execution_summary": {"completed": 123, "completed_with_err": 0, "timed_out": 1},
                    "latency_stats": {"total_latency": None},
                    "error": "",
                },
                "memory_used": {
                    "period": 5.0,
                    "neuron_runtime_used_bytes": {
                        "host": 1000,
                        "neuron_device": 600,
                        "usage_breakdown": {
                            "host": {"tensors": 1000},
                            "neuroncore_memory_usage": {
                                "0": {"constants": 100, "tensors": 200},
                                "2": {"model_code": 300},
                            },
                        },
                    },
                    "loaded_models": [],
                    "error": "",
                },
            },
        }
    ],
    "system_data": {"neuron_hw_counters": {"period": 5, "neuron_devices": [], "error": "no permission"}},
    "instance_info": {"instance_type": "inf1.xlarge"},
    "neuron_hardware_info": {"neuron_device_count": 1, "error": ""},
}


def test_a_line_of_neuron_monitor_is_read():
    assert monitor.parse(json.dumps(REPORT)) == Usage(
        source="neuron-monitor",
        cores=(
            CoreUsage(0, utilisation=0.425, device_bytes=300),
            CoreUsage(1, utilisation=0.0),
            CoreUsage(2, device_bytes=300),
        ),
        runtimes=(
            RuntimeUsage(
                pid=4711,
                tag="neuronserve-0",
                device_bytes=600,
                host_bytes=1000,
                completed=123,
                errors={"numerical": 2, "timed_out": 1},
            ),
        ),
        seconds=5.001,
        faults=("no permission",),
    )


def test_nothing_running_is_an_empty_use():
    assert monitor.parse('{"neuron_runtime_data": null}') == Usage(source="neuron-monitor")


def test_a_report_without_some_of_its_groups_is_read():
    line = {"neuron_runtime_data": [{"pid": 1, "report": {"memory_used": {"error": "gone"}}}, 7]}
    found = monitor.parse(json.dumps(line))
    assert found.runtimes == (RuntimeUsage(1),)
    assert found.faults == ("gone",)


@pytest.mark.parametrize("line", ["", "neuron-monitor: error", "[]", "3", b"\xff", "[" * 100_000])
def test_a_line_that_is_no_document_is_refused(line):
    with pytest.raises(DeviceFault):
        monitor.parse(line)


def mangled(value):
    """The same document with any of its parts replaced."""
    odd = st.none() | st.booleans() | st.floats() | st.integers(-2, 2**80) | st.text(max_size=3)
    if isinstance(value, dict):
        fields = {key: mangled(inner) for key, inner in value.items()}
        return st.one_of(st.fixed_dictionaries({}, optional=fields), odd, st.lists(odd, max_size=2))
    if isinstance(value, list):
        return st.one_of(st.lists(st.one_of(*map(mangled, value)), max_size=2), odd) if value else odd
    return st.just(value) | odd


@given(st.fixed_dictionaries({}, optional={key: mangled(value) for key, value in REPORT.items()}))
def test_any_document_is_read_into_values_that_make_sense(document):
    found = monitor.parse(json.dumps(document))
    assert all(core.utilisation is None or 0 <= core.utilisation <= 1 for core in found.cores)
    assert all(core.device_bytes is None or core.device_bytes >= 0 for core in found.cores)
    assert Usage.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_the_command_is_that_of_the_neuron_tools():
    assert monitor.command(lambda name: name if "/" in name else None) == (
        "/opt/aws/neuron/bin/neuron-monitor",
    )
    assert monitor.command(lambda name: None) is None


@pytest.fixture
def tree(tmp_path):
    made = Tree(tmp_path)
    made.device(0)
    made.device(1)
    return made


def count(tree, chip, core, **totals):
    for path, total in totals.items():
        place = f"devices/virtual/neuron_device/neuron{chip}/neuron_core{core}/stats"
        tree.write(f"{place}/{path.replace('__', '/')}/total", f"{total}\n")


def test_utilisation_is_the_time_in_use_between_two_samples(tree):
    for chip in range(2):
        tree.sysfs(chip, "Inf2", 2)
    host = tree.look()
    count(tree, 1, 0, other_info__nc_time_in_use=1_000_000)
    before = sysfs_stats.read(tree.roots, host, 100.0)
    count(tree, 1, 0, other_info__nc_time_in_use=3_500_000)
    used = sysfs_stats.between(before, sysfs_stats.read(tree.roots, host, 110.0))
    assert [core.core for core in used.cores] == [0, 1, 2, 3]
    assert [core.utilisation for core in used.cores] == [None, None, 0.25, None]
    assert (used.source, used.seconds) == ("sysfs", 10.0)


def test_memory_executions_and_errors_are_totals(tree):
    tree.sysfs(0, "Inf1", 4)
    count(
        tree, 0, 2,
        memory_usage__device_mem=4096, status__success=7, status__timeout=2, status__hw_error=0,
    )  # fmt: skip
    sample = sysfs_stats.read(tree.roots, tree.look(), 0.0)
    assert sysfs_stats.between(None, sample).cores[2] == CoreUsage(
        2, device_bytes=4096, executions=7, errors={"timeout": 2}
    )


def test_two_of_trn2s_cores_are_one(tree):
    tree.sysfs(0, "Trn2", 8)
    host = tree.look()
    for core, (busy, stored) in enumerate([(0, 10), (0, 20)] + [(0, 0)] * 6):
        count(tree, 0, core, other_info__nc_time_in_use=busy, memory_usage__device_mem=stored)
    before = sysfs_stats.read(tree.roots, host, 0.0)
    count(tree, 0, 0, other_info__nc_time_in_use=1_000_000)
    used = sysfs_stats.between(before, sysfs_stats.read(tree.roots, host, 1.0))
    assert len(used.cores) == 4
    assert (used.cores[0].utilisation, used.cores[0].device_bytes) == (0.5, 30)


def test_a_counter_that_was_set_back_tells_no_utilisation(tree):
    tree.sysfs(0, "Inf1", 4)
    host = tree.look()
    count(tree, 0, 0, other_info__nc_time_in_use=5)
    before = sysfs_stats.read(tree.roots, host, 0.0)
    count(tree, 0, 0, other_info__nc_time_in_use=1)
    used = sysfs_stats.between(before, sysfs_stats.read(tree.roots, host, 1.0))
    assert used.cores[0].utilisation is None


def test_a_tree_without_counters_tells_nothing(tree):
    assert sysfs_stats.read(tree.roots, tree.look(), 0.0) is None
    tree.sysfs(0, "Inf1", 4)
    assert sysfs_stats.read(tree.roots, tree.look(), 0.0) is None


@given(st.lists(st.tuples(st.integers(0, 2**64), st.integers(0, 2**64)), max_size=3), st.floats(-1, 10))
def test_utilisation_is_a_share_whatever_the_counters_say(pairs, seconds):
    before = sysfs_stats.Sample(0.0, (sysfs_stats.Counters(0, tuple(old for old, _ in pairs)),))
    after = sysfs_stats.Sample(seconds, (sysfs_stats.Counters(0, tuple(new for _, new in pairs)),))
    share = sysfs_stats.between(before, after).cores[0].utilisation
    assert share is None or 0 <= share <= 1
