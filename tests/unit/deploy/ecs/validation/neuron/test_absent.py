"""No chip is given: the commonest mistake of public reports. And GPUs, which Neuron instances have not."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs import validation
from neuronserve.instances import catalogue

TYPE = "attribute:ecs.instance-type"
DLC = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference-neuron:1.15.4-neuron-py37-ubuntu18.04"
)
DEVICE = {"devices": [{"hostPath": "/dev/neuron0", "containerPath": "/dev/neuron0"}]}
APP = {"name": "a", "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1", "memory": 1000}
WITH_DEVICE = {**APP, "linuxParameters": DEVICE}
CODES = ("no-chips", "gpu-on-neuron")


def variables(**values):
    return {"environment": [{"name": name, "value": value} for name, value in values.items()]}


def told(*containers, where=f"{TYPE} == inf1.xlarge", on="EC2", instance=None):
    request = {
        "family": "f",
        "requiresCompatibilities": [on] if on else [],
        "placementConstraints": [{"type": "memberOf", "expression": where}] if where else [],
        "containerDefinitions": list(containers),
    }
    found = validation.findings(request, instance and catalogue()[instance])
    return {(f.pointer, f.code): str(f.severity) for f in found if f.code in CODES}


FIRST = {("/containerDefinitions/0", "no-chips"): "error"}
SECOND = {("/containerDefinitions/1", "no-chips"): "error"}


@pytest.mark.parametrize(
    "where",
    [
        f"{TYPE} == inf1.xlarge",
        f"{TYPE} == Inf1.xlarge",
        f"{TYPE} =~ inf1.*",
        f"{TYPE} =~ (inf|trn).*",
        f"{TYPE} in [inf1.xlarge, inf2.xlarge, trn1.2xlarge]",
        f"{TYPE} == inf2.xlarge and attribute:stack == blue",
        f"({TYPE} == inf2.xlarge) or ({TYPE} == trn1.2xlarge)",
        f"not(not({TYPE} =~ trn1n?.*))",
    ],
)
def test_a_task_for_neuron_types_alone_without_a_device_is_an_error(where):
    assert told(APP, where=where) == FIRST
    assert told({**APP, "image": DLC}, where=where) == FIRST
    assert told(WITH_DEVICE, where=where) == {}


@pytest.mark.parametrize(
    "where",
    [
        f"{TYPE} in [inf1.xlarge, c5.xlarge]",
        f"{TYPE} =~ (inf1|c5).*",
        f"{TYPE} =~ .*",
        f"{TYPE} != inf1.xlarge",
        "attribute:ecs.ami-id == ami-0123456789abcdef0",
        "attribute:accelerator == neuron",
        "attribute:ecs.os-type == linux",
        "",
    ],
)
def test_a_task_that_may_come_to_other_instances_has_no_error(where):
    assert told(APP, where=where) == {}
    assert told({**APP, **variables(NEURON_RT_NUM_CORES="4")}, where=where) == {
        ("/containerDefinitions/0", "no-chips"): "warning"
    }


def test_the_type_may_be_said_on_the_command_line():
    assert told(APP, where="", instance="trn1.2xlarge") == FIRST
    assert told(WITH_DEVICE, where="", instance="trn1.2xlarge") == {}


@pytest.mark.parametrize(
    "container",
    [
        {**APP, "image": DLC},
        {**APP, "image": "michaelf34/infinity:0.0.71-neuron"},
        {**APP, "image": "team/vllm-neuron:latest"},
        {**APP, "image": "public.ecr.aws/neuron/pytorch-inference-neuronx:2.1"},
        {**APP, **variables(NEURON_RT_VISIBLE_CORES="0-3")},
        {**APP, "secrets": [{"name": "NEURON_RT_NUM_CORES", "valueFrom": "cores"}]},
        {**APP, "image": "neuronserve:1"},
        {**APP, **variables(MODEL_URI="s3://b/m.tar.gz", SERVE_DRAIN_SECONDS="5")},
        {**APP, "dockerLabels": {"neuronserve.version": "1"}},
        {**APP, "healthCheck": {"command": ["CMD", "python", "-m", "neuronserve.healthcheck"]}},
        {**APP, "command": ["tensorflow_model_server_neuron", "--port=8500"]},
        {**APP, "entryPoint": ["sh", "-c"], "command": ["exec tensorflow_model_server_neuronx --port=8500"]},
    ],
)
def test_each_container_that_is_made_for_chips_needs_its_own(container):
    """Another container's chips are of no use to it."""
    assert told(container) == FIRST
    assert told(WITH_DEVICE, container) == SECOND
    assert told({**container, "linuxParameters": DEVICE}) == {}
    assert told({**container, "privileged": True}) == {}, "it sees all of the instance's"


@pytest.mark.parametrize(
    "sidecar",
    [
        {**WITH_DEVICE, "image": "public.ecr.aws/neuron/neuron-monitor:1.3.0"},
        {**WITH_DEVICE, "command": ["/opt/aws/neuron/bin/neuron-monitor"]},
    ],
)
def test_devices_of_a_sidecar_are_of_no_use_to_the_server(sidecar):
    assert told(APP, {**sidecar, "name": "monitor"}) == FIRST
    assert told(WITH_DEVICE, {**sidecar, "name": "monitor"}) == {}
    assert told(sidecar) == {}, "neuron-monitor as a task of its own"


@pytest.mark.parametrize("path", ["/dev/fuse", "/dev/nvidia0", "/dev/kvm"])
def test_other_devices_are_no_chips(path):
    assert told({**APP, "linuxParameters": {"devices": [{"hostPath": path}]}}) == FIRST


@pytest.mark.parametrize(
    "container",
    [
        {**APP, "image": "public.ecr.aws/datadog/agent:7"},
        {**APP, "image": "amazon/cloudwatch-agent:1"},
        {**APP, "image": "prom/node-exporter:v1.8.0"},
        {**APP, "image": "neuronserve:1", **variables(MODEL_SERVER="cpu")},
    ],
)
def test_agents_of_an_instance_and_servers_on_its_processor_need_no_chips(container):
    assert told(container) == {}


def test_fargate_has_no_chips():
    container = {**APP, **variables(NEURON_RT_NUM_CORES="1")}
    assert told(container, where="", on="FARGATE") == FIRST
    assert told(APP, where="", on="FARGATE") == {}


def test_managed_instances_give_chips_by_a_requirement():
    needs = {"resourceRequirements": [{"type": "NeuronDevice", "value": "ALL"}]}
    container = {**APP, **variables(NEURON_RT_NUM_CORES="2")}
    where = f"{TYPE} == inf2.xlarge"
    assert told({**container, **needs}, where=where, on="MANAGED_INSTANCES") == {}
    assert told(container, where=where, on="MANAGED_INSTANCES") == FIRST


def test_external_instances_are_judged_by_what_they_run():
    assert told(APP, where="", on="EXTERNAL") == {}
    assert told({**APP, **variables(NEURON_RT_NUM_CORES="2")}, on="EXTERNAL") == FIRST


def test_a_constraint_within_a_container_is_misplaced_and_still_says_what_is_meant():
    inner = {"placementConstraints": [{"type": "memberOf", "expression": f"{TYPE} == inf1.xlarge"}]}
    assert told({**APP, **inner}, where="") == FIRST


GPU = {"resourceRequirements": [{"type": "GPU", "value": "1"}]}
AT_GPU = ("/containerDefinitions/0/resourceRequirements/0", "gpu-on-neuron")


def test_a_gpu_on_a_neuron_type_is_an_error():
    assert told({**APP, **GPU}) == {AT_GPU: "error", **FIRST}
    assert told({**WITH_DEVICE, **GPU}) == {AT_GPU: "error"}
    assert told({**WITH_DEVICE, **GPU}, where="") == {AT_GPU: "error"}
    assert told({**APP, **GPU}, where=f"{TYPE} =~ trn1.*") == {AT_GPU: "error", **FIRST}


@pytest.mark.parametrize("where", [f"{TYPE} == g4dn.xlarge", f"{TYPE} in [g5.xlarge, inf1.xlarge]", ""])
def test_a_gpu_elsewhere_is_no_concern(where):
    assert told({**APP, **GPU}, where=where) == {}
