"""The catalogue against EC2's own data, of which moto has a copy."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path

import botocore.session
import moto
import pytest

from neuronserve.generation import Generation
from neuronserve.instances import catalogue

_MOTO = Path(moto.__file__).parent
_COPY = _MOTO / "ec2/resources/instance_types.json.gz"

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
        "enis": entry["NetworkInfo"]["MaximumNetworkInterfaces"],
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


@functools.cache
def ami_regions():
    """Where ECS publishes its Neuron AMI for Amazon Linux 2023, in moto's copy of SSM's public parameters."""
    folder = _MOTO / "ssm/resources/ecs/optimized_amis"
    raw = {
        file.name.partition(".")[0]: json.loads(gzip.decompress(file.read_bytes()))
        for file in folder.iterdir()
    }
    found = set()
    for region, tree in raw.items():
        families = tree["aws"]["service"]["ecs"]["optimized-ami"]["amazon-linux-2023"]
        if "image_id" in families.get("neuron", {}).get("recommended", {}):
            found.add(region)
    return found


def offered(name):
    """Where EC2 offers a type."""
    return {region for region, types in offerings().items() if name in types}


@functools.cache
def offerings():
    """The types that EC2 offers, by region."""
    return {
        file.name.partition(".")[0]: {
            row["InstanceType"] for row in json.loads(gzip.decompress(file.read_bytes()))
        }
        for file in (_MOTO / "ec2/resources/instance_type_offerings/region").iterdir()
    }


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_the_regions_are_those_that_offer_the_type_and_have_the_neuron_ami(name):
    assert set(catalogue()[name].regions) == offered(name) & ami_regions()


def test_the_names_at_sagemaker_are_those_of_its_api():
    shape = (
        botocore.session.get_session()
        .get_service_model("sagemaker")
        .shape_for("ProductionVariantInstanceType")
    )
    neuron = {word for word in shape.enum if word.startswith(("ml.inf", "ml.trn"))}
    assert {t.sagemaker for t in catalogue().values() if t.sagemaker} == neuron


def test_every_region_that_aws_lists_for_its_ami_has_a_type():
    listed = """
        us-east-1 us-east-2 us-west-1 us-west-2 ap-south-1 ap-northeast-1 ap-northeast-2 ap-southeast-1
        ap-southeast-2 ca-central-1 eu-central-1 eu-west-1 eu-west-2 eu-west-3 eu-north-1 sa-east-1
    """  # and ap-northeast-3, which has the AMI and no instance for it
    everywhere = {region for t in catalogue().values() for region in t.regions}
    assert set(listed.split()) <= everywhere
