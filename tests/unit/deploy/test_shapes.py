"""Requests against botocore's model, with what botocore leaves to AWS."""

from __future__ import annotations

import json

import pytest
from botocore.validate import ParamValidator
from hypothesis import given

from neuronserve.deploy import shapes
from neuronserve.deploy.findings import Severity
from tests.deploying.task_definitions import MINIMAL, changed, json_values, mutated

OPERATION = "RegisterTaskDefinition"
CONTAINER = "/containerDefinitions/0"


def found(request):
    return [(f.pointer, f.code) for f in shapes.findings("ecs", OPERATION, request)]


def the_one(request):
    [finding] = shapes.findings("ecs", OPERATION, request)
    assert finding.severity is Severity.ERROR
    return finding


def test_a_request_that_aws_takes_has_no_finding():
    assert found(MINIMAL) == []


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("/cpu", 1024, "expected a string, found an integer"),
        (f"{CONTAINER}/cpu", "1024", "expected an integer, found a string"),
        (f"{CONTAINER}/cpu", True, "expected an integer, found a boolean"),
        (f"{CONTAINER}/cpu", 1.5, "expected an integer, found a number"),
        (f"{CONTAINER}/essential", "true", "expected a boolean, found a string"),
        (f"{CONTAINER}/essential", 1, "expected a boolean, found an integer"),
        (f"{CONTAINER}/command", "serve", "expected a list, found a string"),
        (f"{CONTAINER}/dockerLabels", ["a"], "expected an object, found a list"),
        (f"{CONTAINER}/dockerLabels", {"a/b": 1}, "expected a string, found an integer"),
    ],
)
def test_a_wrong_type_is_named_with_what_was_found(place, value, message):
    finding = the_one(changed(MINIMAL, place, value))
    inner = "/a~1b" if value == {"a/b": 1} else ""
    assert (finding.pointer, finding.code, finding.message) == (place + inner, "wrong-type", message)


def test_null_is_as_good_as_absent_and_botocore_refuses_it():
    assert found(changed(MINIMAL, f"{CONTAINER}/image", None)) == [(f"{CONTAINER}/image", shapes.NULL)]
    assert found(changed(MINIMAL, "/family", None)) == [("", "missing-member")]


def test_the_fix_of_a_wrong_type_says_how_to_write_it():
    assert the_one(changed(MINIMAL, "/cpu", 1024)).fix == "put it in quotes"
    assert the_one(changed(MINIMAL, f"{CONTAINER}/cpu", "1024")).fix == "write it without quotes"
    assert the_one(changed(MINIMAL, f"{CONTAINER}/user", None)).fix == "leave it out"


def test_a_value_is_never_repeated():
    entry = [{"name": "PASSWORD", "value": {"hunter2": 17}}]
    finding = the_one(changed(MINIMAL, f"{CONTAINER}/environment", entry))
    assert "hunter2" not in str(finding)


def test_required_members_are_asked_for():
    assert found({}) == [("", "missing-member")] * 2
    assert found(changed(MINIMAL, f"{CONTAINER}/secrets", [{"name": "A"}])) == [
        (f"{CONTAINER}/secrets/0", "missing-member")
    ]


def test_an_unknown_member_is_told_the_nearest_one():
    finding = the_one(changed(MINIMAL, f"{CONTAINER}/enviroment", []))
    assert (finding.pointer, finding.code) == (f"{CONTAINER}/enviroment", "unknown-member")
    assert finding.fix == "did you mean environment?"


def test_a_member_in_another_case_is_told_once_and_so():
    request = {"family": "a", "ContainerDefinitions": []}
    finding = the_one(request)
    assert finding.fix == "write containerDefinitions: upper and lower case matter"


@pytest.mark.parametrize(
    ("place", "value", "fix"),
    [
        ("/networkMode", "Bridge", "write bridge: upper and lower case matter"),
        ("/networkMode", "bridg", "did you mean bridge?"),
        ("/requiresCompatibilities", ["LAMBDA"], "use one of them"),
    ],
)
def test_a_word_that_is_not_in_the_list_is_refused_which_botocore_does_not(place, value, fix):
    request = changed(MINIMAL, place, value)
    finding = the_one(request)
    assert (finding.code, finding.fix) == ("unknown-word", fix)


def test_lengths_patterns_and_ranges_of_the_model_are_kept():
    assert found({**MINIMAL, "tags": [{"key": "k" * 129, "value": "v"}]}) == [("/tags/0/key", "out-of-range")]
    assert found({**MINIMAL, "tags": [{"key": "", "value": "v"}]}) == [("/tags/0/key", "out-of-range")]
    assert found({**MINIMAL, "tags": [{"key": "k", "value": "a\tb"}]}) == [("/tags/0/value", "pattern")]
    assert found({**MINIMAL, "tags": [{"key": "größe", "value": "中 1+1=2 @x"}]}) == []
    assert found({**MINIMAL, "tags": [{"key": str(n)} for n in range(51)]}) == [("/tags", "out-of-range")]
    mps = {"type": "GPU", "sharingStrategy": {"nvidiaMps": {"memory": 0, "maxComputePercent": 101}}}
    assert [code for _, code in found(changed(MINIMAL, f"{CONTAINER}/resourceRequirements", [mps]))] == [
        "out-of-range",
        "out-of-range",
    ]


def test_keys_of_a_map_are_checked_as_its_values_are():
    request = {"ModelName": "m", "PrimaryContainer": {"Environment": {"BAD KEY": "secret", "GOOD_1": "v"}}}
    (finding,) = shapes.findings("sagemaker", "CreateModel", request)
    assert (finding.pointer, finding.code) == ("/PrimaryContainer/Environment/BAD KEY", "pattern")
    assert finding.message.startswith("the key: ")


@pytest.mark.parametrize(("name", "codes"), [("neuronserve/x -5xx", []), ("neuron\u00e9", ["pattern"])])
def test_a_class_of_characters_counts_within_brackets_and_without(name, codes):
    request = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "r",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    found = shapes.findings("application-autoscaling", "PutScalingPolicy", {**request, "PolicyName": name})
    assert [one.code for one in found] == codes


def test_an_integer_has_32_bits():
    assert found(changed(MINIMAL, f"{CONTAINER}/memory", 1 << 31)) == [
        (f"{CONTAINER}/memory", "out-of-range")
    ]
    assert found(changed(MINIMAL, f"{CONTAINER}/memory", (1 << 31) - 1)) == []


def test_a_union_has_exactly_one_member():
    need = {"type": "GPU", "sharingStrategy": {}}
    place = f"{CONTAINER}/resourceRequirements/0/sharingStrategy"
    assert found(changed(MINIMAL, f"{CONTAINER}/resourceRequirements", [need])) == [(place, "union")]


def test_other_operations_and_services_are_checked_alike():
    assert [
        (f.pointer, f.code) for f in shapes.findings("ecs", "RunTask", {"taskDefinition": "a", "count": "2"})
    ] == [("/count", "wrong-type")]
    assert [f.pointer for f in shapes.findings("iam", "CreateRole", {"RoleName": "no spaces"})] == [
        "",
        "/RoleName",
    ]


def test_a_value_that_is_known_only_later_passes():
    request = changed(MINIMAL, "/containerDefinitions", shapes.UNKNOWN)
    assert found({**request, "networkMode": shapes.UNKNOWN}) == []


@given(json_values())
def test_any_json_value_can_be_checked(value):
    for finding in shapes.findings("ecs", OPERATION, value):
        assert finding.message


@given(mutated(MINIMAL))
def test_what_botocore_refuses_has_a_finding(request):
    shape = shapes.operation_model("ecs", OPERATION).input_shape
    if ParamValidator().validate(request, shape).has_errors():
        assert found(request), json.dumps(request)


@pytest.mark.parametrize(
    ("member", "good", "bad"),
    [
        ("CustomAttributes", "a=b; c", "ü"),
        ("InferenceId", "id 1", "id\n1"),
        ("TargetModel", "m.tar.gz", " m"),
    ],
)
def test_javas_classes_of_characters_are_checked_too(member, good, bad):
    for value, wrong in ((good, False), (bad, True)):
        asked = {"EndpointName": "e", "Body": "", member: value}
        assert bool(shapes.findings("sagemaker-runtime", "InvokeEndpoint", asked)) is wrong


@pytest.mark.parametrize("word", ["NEURON_CORE", "NEURON_DEVICE", "neurondevice", "NeuronDevices"])
def test_a_word_is_near_another_whatever_its_case(word):
    """NEURON_CORE stands in articles about ECS Managed Instances, which has NeuronDevice."""
    needs = {"resourceRequirements": [{"type": word, "value": "ALL"}]}
    request = changed(MINIMAL, "/containerDefinitions/0", {**MINIMAL["containerDefinitions"][0], **needs})
    assert "NeuronDevice" in the_one(request).fix


ENVIRONMENT = {"environment": [{"name": "A", "valueFrom": "arn"}]}
LOGS = {"logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "a", "value": "b"}]}}


@pytest.mark.parametrize(
    ("members", "place", "word"),
    [
        (ENVIRONMENT, "environment/0/valueFrom", "secrets"),
        ({"secrets": [{"name": "A", "value": "b"}]}, "secrets/0/value", "environment"),
        (LOGS, "logConfiguration/secretOptions/0/value", "options"),
        ({"environmentFiles": [{"type": "s3", "value": "a", "name": "A"}]}, "environmentFiles/0/name", "arn"),
        ({"devices": []}, "devices", "linuxParameters.devices"),
        (
            {"linuxParameters": {"privileged": True}},
            "linuxParameters/privileged",
            "containerDefinitions[].priv",
        ),
        ({"retries": 3}, "retries", "healthCheck.retries"),
        ({"executionRoleArn": "a"}, "executionRoleArn", "beside containerDefinitions"),
        ({"placement_constraints": []}, "placement_constraints", "placementConstraints, beside"),
        ({"mountPoints": [{"sourcePath": "/a"}]}, "mountPoints/0/sourcePath", "volumes[].host.sourcePath"),
        ({"healthCheck": {"command": ["a"], "test": []}}, "healthCheck/test", "command"),
        ({"desiredCount": 2}, "desiredCount", "CreateService"),
        ({"memory_reservation": 5}, "memory_reservation", "write memoryReservation"),
        ({"awslogs-group": "g"}, "awslogs-group", "known here"),
    ],
)
def test_a_member_that_has_a_place_elsewhere_is_not_told_the_nearest_spelling(members, place, word):
    """By the members of ECS's API reference, as botocore's model has them."""
    [request] = [
        changed(MINIMAL, "/containerDefinitions/0", {**MINIMAL["containerDefinitions"][0], **members})
    ]
    others = ("CreateService", "RunTask")
    fixes = {f.pointer: f.fix for f in shapes.findings("ecs", OPERATION, request, others=others)}
    assert word in fixes[f"{CONTAINER}/{place}"].replace("ARN", "arn")


@pytest.mark.parametrize(
    ("member", "word"),
    [
        ("image", "containerDefinitions[].image"),
        ("secrets", "containerDefinitions[].secrets"),
        ("devices", "linuxParameters.devices"),
        ("launchType", "requiresCompatibilities"),
        ("loadBalancers", "CreateService"),
        ("overrides", "RunTask"),
        ("container_definitions", "write containerDefinitions"),
        ("volume", "did you mean volumes?"),
        ("name", "write family"),
    ],
)
def test_what_stands_beside_the_containers_and_belongs_into_one_is_told_so(member, word):
    others = ("CreateService", "RunTask")
    fixes = {
        f.pointer: f.fix for f in shapes.findings("ecs", OPERATION, {**MINIMAL, member: "a"}, others=others)
    }
    assert word in fixes[f"/{member}"]
