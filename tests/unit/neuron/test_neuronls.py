from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import DeviceFault
from neuronserve.generation import Generation
from neuronserve.neuron import neuronls
from neuronserve.neuron.neuronls import Device, Process

TRN1 = b"""[{"neuron_device": 0, "bdf": "0000:00:1e.0", "cpu_affinity": "0-7", "numa_node": "-1",
"connected_to": null, "nc_count": 2, "memory_size": 34359738368, "neuroncore_ids": [0, 1],
"neuron_processes": [{"pid": 7, "command": "server --port...", "neuron_runtime_version": "2.0.0"}]}]"""


def entry(**fields):
    return {"neuron_device": 0, **fields}


def test_a_documents_devices_are_read():
    [device] = neuronls.parse(TRN1)
    assert device == Device(
        index=0,
        cores=2,
        memory_mib=32768,
        core_ids=(0, 1),
        processes=(Process(7, "server --port...", "2.0.0"),),
    )
    assert device.told.generation is Generation.V2


def test_old_and_new_versions_are_read():
    [old] = neuronls.parse('[{"neuron_device":0,"bdf":"00:1e.0","connected_to":[1],"nc_count":4}]')
    assert (old.cores, old.connected, old.processes, old.memory_mib) == (4, (1,), (), None)
    [new] = neuronls.parse(json.dumps([entry(instance_type="inf2.xlarge", neuroncore_ids=[4, 5])]))
    assert (new.cores, new.told.generation) == (2, Generation.V2)


def test_devices_are_ordered_as_numbers():
    raw = json.dumps([entry(neuron_device=10), entry(neuron_device=2)])
    assert [device.index for device in neuronls.parse(raw)] == [2, 10]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON"),
        ("neuron-ls: no devices", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("{}", "no array of devices"),
        ("[1]", "device 0: no object"),
        ("[{}]", "device 0: no neuron_device"),
        ('[{"neuron_device": true}]', "neuron_device is no number"),
        ('[{"neuron_device": -1}]', "neuron_device is no number"),
        ('[{"neuron_device": 1e999}]', "neuron_device is no number"),
        ('[{"neuron_device": 0}, {"neuron_device": 0}]', "the same device twice"),
        ('[{"neuron_device": 0, "nc_count": "4"}]', "nc_count is no number"),
        ('[{"neuron_device": 0, "neuroncore_ids": 4}]', "neuroncore_ids is no array"),
        ('[{"neuron_device": 0, "neuron_processes": [1]}]', "a process that is no object"),
        ('[{"neuron_device": 0, "neuron_processes": [{}]}]', "a process without pid"),
        ('[{"neuron_device": 0, "instance_type": 4}]', "instance_type is no text"),
    ],
)
def test_what_is_no_such_document_is_refused_with_the_reason(text, reason):
    with pytest.raises(DeviceFault, match=reason):
        neuronls.parse(text)


KEYS = ["neuron_device", "nc_count", "memory_size", "neuroncore_ids", "neuron_processes", "pid", "command"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


@given(st.binary(max_size=64) | VALUES.map(json.dumps))
def test_anything_is_read_or_refused(text):
    try:
        devices = neuronls.parse(text)
    except DeviceFault:
        return
    assert all(device.told.source == "neuron-ls" for device in devices)


def test_a_chip_is_found_by_its_place_where_all_are_shown():
    shown = [Device(0), Device(1)]
    assert neuronls.of_chip(shown, 4, 8, [4, 5]) == Device(0)


def test_a_chip_is_found_by_the_hosts_number_where_others_are_shown_too():
    shown = [Device(index) for index in range(4)]
    assert neuronls.of_chip(shown, 0, 2, [0]) == Device(2)


def test_a_chip_that_is_not_shown_is_not_found():
    assert neuronls.of_chip([], 0, 0, [0]) is None


def test_the_program_is_found_on_path_or_where_its_package_puts_it():
    assert neuronls.program(lambda name: f"/bin/{name}" if "/" not in name else None) == "/bin/neuron-ls"
    assert neuronls.program(lambda name: name if "/" in name else None) == "/opt/aws/neuron/bin/neuron-ls"
    assert neuronls.program(lambda name: None) is None
