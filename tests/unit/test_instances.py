"""The catalogue against EC2's own data, of which moto has a copy."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import moto
import pytest

from neuronserve.generation import Generation
from neuronserve.instances import catalogue

_COPY = Path(moto.__file__).parent / "ec2/resources/instance_types.json.gz"

# Where the copy differs from the catalogue, and why the catalogue is right.
_TRN2_MEMORY = "the copy has 512 GiB for a chip that AWS's pages, neuron-ls and neuron-monitor give 96 GiB"
_TRN2_CORES = "EC2 counts physical cores; programs count pairs of them (LNC 2)"
_NO_NEURON_INFO = "the copy has no NeuronInfo for trn2u; its chips are those of trn2.48xlarge"
DIFFERENCES = {
    ("trn2.3xlarge", "device_mib"): (524288, _TRN2_MEMORY),
    ("trn2.48xlarge", "device_mib"): (524288, _TRN2_MEMORY),
    ("trn2.3xlarge", "cores"): (8, _TRN2_CORES),
    ("trn2.48xlarge", "cores"): (8, _TRN2_CORES),
    ("trn2u.48xlarge", "generation"): (None, _NO_NEURON_INFO),
    ("trn2u.48xlarge", "chips"): (None, _NO_NEURON_INFO),
    ("trn2u.48xlarge", "cores"): (None, _NO_NEURON_INFO),
    ("trn2u.48xlarge", "device_mib"): (None, _NO_NEURON_INFO),
}


def ec2():
    """Instance type -> its numbers as EC2 gives them; None where it gives none."""
    raw = json.loads(gzip.decompress(_COPY.read_bytes()))
    return {
        name: numbers(entry) for name, entry in raw.items() if entry.get("NeuronInfo") or name in catalogue()
    }


def numbers(entry):
    info = entry.get("NeuronInfo") or {"NeuronDevices": [{}]}
    [device] = info["NeuronDevices"]
    core = device.get("CoreInfo", {})
    version = core.get("Version")
    return {
        "generation": Generation(f"NeuronCore-v{version}") if version else None,
        "vcpus": entry["VCpuInfo"]["DefaultVCpus"],
        "memory_mib": entry["MemoryInfo"]["SizeInMiB"],
        "chips": device.get("Count"),
        "cores": core.get("Count"),
        "device_mib": device.get("MemoryInfo", {}).get("SizeInMiB"),
    }


def test_the_catalogue_has_every_type_with_neuron_chips_and_no_other():
    assert set(catalogue()) == set(ec2())


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_the_numbers_are_ec2s_but_for_differences_with_a_reason(name):
    instance = catalogue()[name]
    different = {
        (name, field): value for field, value in ec2()[name].items() if getattr(instance, field) != value
    }
    assert different == {key: value for key, (value, _) in DIFFERENCES.items() if key[0] == name}


def test_inference_accelerators_are_the_same_chips():
    raw = json.loads(gzip.decompress(_COPY.read_bytes()))
    for name, instance in catalogue().items():
        info = raw[name].get("InferenceAcceleratorInfo")
        for accelerator in info["Accelerators"] if info else ():
            assert accelerator["Count"] == instance.chips
            assert accelerator["MemoryInfo"]["SizeInMiB"] == instance.device_mib
