"""Neuron sense, by one fault in a definition for an inf1.6xlarge that has no other."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.query import patterns
from tests.deploying.task_definitions import MINIMAL, NEURON, changed, told, without

C = "/containerDefinitions/0"
DEVICES = f"{C}/linuxParameters/devices"
EXPRESSION = "/placementConstraints/0/expression"
TYPE = "attribute:ecs.instance-type"


def chips(*numbers, inner=None):
    inner = range(len(numbers)) if inner is None else inner
    return [
        {"hostPath": f"/dev/neuron{n}", "containerPath": f"/dev/neuron{m}"}
        for n, m in zip(numbers, inner, strict=True)
    ]


def variables(**values):
    return f"{C}/environment", [{"name": name, "value": value} for name, value in values.items()]


def test_all_chips_of_an_instance_have_no_finding():
    assert told(NEURON) == {}


def test_a_task_that_has_nothing_to_do_with_neuron_is_left_alone():
    command = ["--port=1", "--model_base_path=s3://bucket/key"]
    port = [{"containerPort": 1}]
    assert (
        told(changed(MINIMAL, f"{C}/command", command, f"{C}/portMappings", port, f"{C}/cpu", 190_000)) == {}
    )


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        # placement
        ((EXPRESSION, f"{TYPE} == Inf1.6xlarge"), EXPRESSION, "instance-type-case"),
        ((EXPRESSION, f"{TYPE} in [INF1.6xlarge]"), EXPRESSION, "instance-type-case"),
        ((EXPRESSION, f"{TYPE} =~ Inf1.6.*"), EXPRESSION, "instance-type-case"),
        ((EXPRESSION, f"{TYPE} == g4dn.xlarge"), "/placementConstraints", "never-placed"),
        ((EXPRESSION, f"{TYPE} =~ inf1"), "/placementConstraints", "never-placed"),
        ((EXPRESSION, f"{TYPE} =~ Inf1\\.6.*"), EXPRESSION, "instance-type-case"),
        ((EXPRESSION, f"{TYPE} =~ trn.* and not ({TYPE} =~ t.*)"), "/placementConstraints", "never-placed"),
        (
            (EXPRESSION, f"{TYPE} == inf1.6xlarge and attribute:ecs.cpu-architecture == arm64"),
            "/placementConstraints",
            "never-placed",
        ),
        ((EXPRESSION, f"{TYPE} in [inf1.6xlarge, inf1.3xlarge]"), EXPRESSION, "unknown-instance-type"),
        ((EXPRESSION, f"{TYPE} in [inf1.6xlarge, ml.inf1.6xlarge]"), EXPRESSION, "unknown-instance-type"),
        # capacity
        ((f"{C}/memory", 49152), f"{C}/memory", "memory-not-placeable"),
        ((f"{C}/memory", 48400), f"{C}/memory", "memory-not-placeable"),
        (("/memory", "48 GB"), "/memory", "memory-not-placeable"),
        ((f"{C}/cpu", 24 * 1024 + 1), f"{C}/cpu", "cpu-not-placeable"),
        (("/cpu", "25 vCPU"), "/cpu", "cpu-not-placeable"),
        # devices
        ((f"{DEVICES}/3/hostPath", "/dev/neuron"), f"{DEVICES}/3/hostPath", "device-path"),
        ((f"{DEVICES}/3/hostPath", "/dev/Neuron3"), f"{DEVICES}/3/hostPath", "device-path"),
        ((f"{DEVICES}/3/hostPath", "/dev/neuron03"), f"{DEVICES}/3/hostPath", "device-path"),
        ((f"{DEVICES}/3/containerPath", "/dev/chip3"), f"{DEVICES}/3/containerPath", "device-path"),
        ((f"{DEVICES}/0/permissions", ["read"]), f"{DEVICES}/0/permissions", "device-permissions"),
        ((f"{DEVICES}/0/permissions", ["mknod", "write"]), f"{DEVICES}/0/permissions", "device-permissions"),
        ((f"{DEVICES}/3/hostPath", "/dev/neuron2"), f"{DEVICES}/3/hostPath", "chip-twice"),
        ((DEVICES, chips(0, 2)), DEVICES, "chips-not-contiguous"),
        ((DEVICES, chips(0, 1, 2, 3, 4)), f"{DEVICES}/4/hostPath", "chip-beyond-instance"),
        # Managed Instances, Elastic Inference, platforms
        (("/inferenceAccelerators", [{"deviceName": "a", "deviceType": "eia2.medium"}]),
         "/inferenceAccelerators", "elastic-inference"),
        ((f"{C}/resourceRequirements", [{"type": "InferenceAccelerator", "value": "a"}]),
         f"{C}/resourceRequirements/0/type", "elastic-inference"),
        (("/runtimePlatform", {"cpuArchitecture": "ARM64"}), "/runtimePlatform/cpuArchitecture",
         "wrong-platform"),
        (("/runtimePlatform", {"operatingSystemFamily": "WINDOWS_SERVER_2022_FULL"}),
         "/runtimePlatform/operatingSystemFamily", "wrong-platform"),
        # variables of the runtime
        (variables(AWS_NEURON_VISIBLE_DEVICES="ALL"), f"{C}/environment/0/name", "forbidden-variable"),
        (variables(NEURON_RT_VISIBLE_CORES="0-16"), f"{C}/environment/0/value", "cores-beyond-chips"),
        (variables(NEURON_RT_VISIBLE_CORES="3-1"), f"{C}/environment/0/value", "bad-cores"),
        (variables(NEURON_RT_VISIBLE_CORES="0,2"), f"{C}/environment/0/value", "bad-cores"),
        (variables(NEURON_RT_NUM_CORES="17"), f"{C}/environment/0/value", "cores-beyond-chips"),
        (variables(NEURON_RT_NUM_CORES="all"), f"{C}/environment/0/value", "bad-cores"),
    ],
)  # fmt: skip
def test_one_fault_is_one_error_at_its_place(changes, pointer, code):
    assert told(changed(NEURON, *changes)) == {(pointer, code): "error"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ((f"{C}/memory", 46000), f"{C}/memory", "memory-tight"),
        ((f"{C}/memory", 60000, f"{C}/memoryReservation", 30000), f"{C}/memory", "memory-limit-too-high"),
        ((DEVICES, chips(0, 1, 2, 3, inner=(1, 2, 3, 4))), DEVICES, "container-path-numbering"),
        ((DEVICES, chips(0, 1, 2, 3, inner=(3, 2, 1, 0))), DEVICES, "container-path-numbering"),
        ((DEVICES, [{"hostPath": "/dev/neuron2"}, {"hostPath": "/dev/neuron3"}]), DEVICES,
         "container-path-numbering"),
        ((f"{C}/privileged", True), f"{C}/privileged", "privileged"),
        (variables(NEURONCORE_GROUP_SIZES="4"), f"{C}/environment/0/name", "variable-without-effect"),
        (variables(NEURON_RT_VISIBLE_CORES="0-3", NEURON_RT_NUM_CORES="4"), f"{C}/environment/1/value",
         "variable-without-effect"),
        ((DEVICES, chips(2, 3), *variables(NEURON_RT_VISIBLE_CORES="8-15")), f"{C}/environment/0/value",
         "cores-beyond-chips"),
        ((f"{C}/healthCheck", {"command": ["NONE"]}), f"{C}/healthCheck", "no-health-check"),
        ((f"{C}/healthCheck", {"command": ["CMD", "check"]}), f"{C}/healthCheck", "no-start-period"),
    ],
)  # fmt: skip
def test_what_works_and_is_not_as_one_would_want_is_a_warning(changes, pointer, code):
    assert told(changed(NEURON, *changes)) == {(pointer, code): "warning"}


@pytest.mark.parametrize(
    "changes",
    [
        (EXPRESSION, f"{TYPE} in [inf1.6xlarge, inf1.24xlarge]"),
        (EXPRESSION, f"{TYPE} =~ inf1.(6|24)xlarge and attribute:stack == blue"),
        (EXPRESSION, f"{TYPE} =~ inf\\S.6xlarge"),
        (EXPRESSION, f"{TYPE} =~ [A-Za-z]+1.6xlarge"),
        (DEVICES, chips(2, 3)),
        (DEVICES, [{"hostPath": "/dev/neuron0"}, {"hostPath": "/dev/fuse"}]),
        (f"{C}/memory", 45209),
        (f"{C}/cpu", 24 * 1024),
        variables(NEURON_RT_VISIBLE_CORES="0-15"),
        variables(NEURON_RT_NUM_CORES="0"),
        ("/runtimePlatform", {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}),
    ],
)
def test_what_runs_has_no_finding(changes):
    assert told(changed(NEURON, *changes)) == {}


def test_a_pattern_of_types_leaves_out_those_that_are_too_small_to_be_chosen():
    """inf1.xlarge and inf1.2xlarge have one chip; the task's memory alone keeps it off them."""
    assert told(changed(NEURON, EXPRESSION, f"{TYPE} =~ inf1.*")) == {}
    small = changed(NEURON, EXPRESSION, f"{TYPE} =~ inf1.*", f"{C}/memory", 4000, f"{C}/cpu", 100)
    assert told(small) == {(f"{DEVICES}/{n}/hostPath", "chip-beyond-instance"): "error" for n in (1, 2, 3)}


def test_without_a_constraint_the_task_may_come_anywhere():
    open_ = without(NEURON, "/placementConstraints")
    assert told(open_) == {("", "no-type-constraint"): "warning"}
    assert told(changed(open_, "/placementConstraints", [])) == {
        ("/placementConstraints", "no-type-constraint"): "warning"
    }


@pytest.mark.parametrize("words", ["{} != t3.large", "not({} == inf1.xlarge)", "{} !~ inf1.*"])
def test_a_constraint_that_only_says_what_a_type_is_not_chooses_none(words):
    assert told(changed(NEURON, EXPRESSION, words.format(TYPE))) == {
        ("/placementConstraints", "no-type-constraint"): "warning"
    }


def test_the_instance_type_can_be_said_where_no_constraint_does():
    open_ = without(NEURON, "/placementConstraints")
    assert told(open_, "inf1.6xlarge") == {}
    assert (f"{C}/memory", "memory-not-placeable") in told(open_, "inf1.xlarge")
    assert told(NEURON, "inf1.24xlarge") == {("/placementConstraints", "instance-type-excluded"): "error"}


def test_a_pattern_that_takes_years_is_an_error_and_does_not(monkeypatch):
    monkeypatch.setattr(patterns, "SECONDS", 0.02)
    endless = changed(NEURON, EXPRESSION, f"{TYPE} =~ '((((((.|.)+)+)+)+)+)[!?]'")
    assert told(endless) == {(EXPRESSION, "bad-expression"): "error"}


@pytest.mark.parametrize("written", ["instance-type-case", "right"])
def test_a_capital_letter_hides_no_other_fault(written):
    letter = "I" if written == "instance-type-case" else "i"
    request = changed(
        NEURON, EXPRESSION, f"{TYPE} == {letter}nf1.xlarge", f"{C}/memory", 8192, f"{C}/cpu", 4096
    )
    codes = {code for _, code in told(request)} - {"instance-type-case"}
    assert codes == {"memory-not-placeable", "chip-beyond-instance"}
