"""What is wrong with a CreateCompilationJob request, and where."""

from __future__ import annotations

import copy
import json

import pytest

from neuronserve.deploy.findings import Severity
from neuronserve.deploy.neo import rules, targets

GOOD = {
    "CompilationJobName": "resnet",
    "RoleArn": "arn:aws:iam::123456789012:role/neo",
    "InputConfig": {
        "S3Uri": "s3://models/resnet.tar.gz",
        "DataInputConfig": '{"image": [1, 224, 224, 3]}',
        "Framework": "TENSORFLOW",
        "FrameworkVersion": "2.5",
    },
    "OutputConfig": {"S3OutputLocation": "s3://models/out/", "TargetDevice": "ml_inf1"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 900},
}


def changed(**members):
    """The good request with others; a dict is merged, None takes a member away."""
    made = copy.deepcopy(GOOD)
    for key, value in members.items():
        if value is None:
            made.pop(key)
        elif isinstance(value, dict) and key in made:
            made[key] = {k: v for k, v in (made[key] | value).items() if v is not None}
        else:
            made[key] = value
    return made


def found(region="us-east-1", **members):
    return [(one.pointer, one.code) for one in rules.findings(changed(**members), region)]


def test_nothing_is_wrong_with_a_good_one():
    assert found() == []


def source(**members):
    return {"InputConfig": members}


def output(**members):
    return {"OutputConfig": members}


LINUX = {"Os": "LINUX", "Arch": "X86_64"}
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/a/1"
OPTIONS, DEVICE = "/OutputConfig/CompilerOptions", "/OutputConfig/TargetDevice"
INPUTS, VERSION = "/InputConfig/DataInputConfig", "/InputConfig/FrameworkVersion"


@pytest.mark.parametrize(
    ("members", "pointer", "code"),
    [
        ({"ModelPackageVersionArn": PACKAGE}, "/ModelPackageVersionArn", "both-given"),
        ({"InputConfig": None}, "", "none-given"),
        (output(TargetPlatform=LINUX), "/OutputConfig/TargetPlatform", "both-given"),
        (output(TargetDevice=None), "/OutputConfig", "none-given"),
        (output(TargetDevice="ml_inf9"), DEVICE, "unknown-word"),
        (source(Framework="ONNX"), "/InputConfig/Framework", "framework-not-on-target"),
        (source(FrameworkVersion="2.9"), VERSION, "version-not-on-target"),
        (source(FrameworkVersion="2"), VERSION, "out-of-range"),
        (source(FrameworkVersion=None), "/InputConfig", "version-missing"),
        (output(TargetDevice="ml_inf2"), DEVICE, "target-not-in-region"),
        (source(S3Uri="s3://models/resnet/"), "/InputConfig/S3Uri", "not-tar-gz"),
        (source(S3Uri="https://s3.amazonaws.com/models/a.tar.gz"), "/InputConfig/S3Uri", "not-s3"),
        (output(S3OutputLocation="s3://M/"), "/OutputConfig/S3OutputLocation", "not-s3"),
        ({"RoleArn": "arn:aws-cn:iam::123456789012:role/neo"}, "/RoleArn", "other-partition"),
        ({"RoleArn": "neo"}, "/RoleArn", "pattern"),
        ({"CompilationJobName": "a_b"}, "/CompilationJobName", "pattern"),
        ({"CompilationJobName": "a" * 64}, "/CompilationJobName", "out-of-range"),
        ({"StoppingCondition": {"MaxPendingTimeInSeconds": 1799}},
         "/StoppingCondition/MaxPendingTimeInSeconds", "out-of-range"),
        ({"StoppingCondition": {"MaxPendingTimeInSeconds": 2419201}},
         "/StoppingCondition/MaxPendingTimeInSeconds", "out-of-range"),
        ({"StoppingCondition": {"MaxWaitTimeInSeconds": 899}},
         "/StoppingCondition/MaxWaitTimeInSeconds", "wait-below-run"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": None}}, "/StoppingCondition", "no-limit"),
        ({"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["subnet-1"]}},
         "/VpcConfig/SecurityGroupIds/0", "bad-id"),
        ({"VpcConfig": {"Subnets": ["subnet-1", "subnet-1"], "SecurityGroupIds": ["sg-1"]}},
         "/VpcConfig/Subnets/1", "twice"),
        ({"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": []}},
         "/VpcConfig/SecurityGroupIds", "out-of-range"),
        ({"Tags": [{"Key": "aws:a", "Value": ""}]}, "/Tags/0/Key", "aws-tag"),
        ({"Tags": [{"Key": "a", "Value": ""}, {"Key": "a", "Value": "b"}]}, "/Tags/1/Key", "twice"),
        (output(KmsKeyId="a key"), "/OutputConfig/KmsKeyId", "pattern"),
        (output(CompilerOptions="-O2"), OPTIONS, "not-a-json-string"),
        (output(CompilerOptions='{"mcpu": "x"}'), OPTIONS, "not-flags"),
        (output(CompilerOptions='"O2"'), OPTIONS, "bad-flags"),
        (output(CompilerOptions='""'), OPTIONS, "out-of-range"),
        (output(CompilerOptions=json.dumps("-x " * 400)), OPTIONS, "out-of-range"),
        (source(DataInputConfig=None), "/InputConfig", "input-missing"),
        (source(DataInputConfig="{'image': [1]}"), INPUTS, "not-json"),
        (source(DataInputConfig='{"a": [1], "a": [2]}'), INPUTS, "not-json"),
        (source(DataInputConfig="[[1, 4]]"), INPUTS, "input-form"),
        (source(DataInputConfig="{}"), INPUTS, "input-form"),
        (source(DataInputConfig='{"image": [null, 224, 224, 3]}'), INPUTS, "input-shape"),
        (source(DataInputConfig='{"image": [-1, 224, 224, 3]}'), INPUTS, "input-shape"),
        (source(DataInputConfig='{"image": [true]}'), INPUTS, "input-shape"),
        (source(DataInputConfig='{"image": []}'), INPUTS, "input-shape"),
        (source(DataInputConfig='{"image": [1, 3, 224, 224]}'), INPUTS, "layout"),
        (source(DataInputConfig='{"image:0": [1, 4]}'), INPUTS, "tensor-name"),
        (source(DataInputConfig='{"": [1]}'), INPUTS, "input-name"),
    ],
)  # fmt: skip
def test_each_fault_has_its_place_and_its_word(members, pointer, code):
    assert (pointer, code) in found(**members)


def cloud(framework, *, options=None, version=None, inputs='{"data": [1, 3, 8, 8]}', device="ml_c5", **more):
    """A request for CPU and GPU devices, where other frameworks are."""
    made = {"Framework": framework, "FrameworkVersion": version, "DataInputConfig": inputs}
    return {**source(**made), **output(TargetDevice=device, CompilerOptions=options, **more)}


def coreml(inputs):
    return cloud("TENSORFLOW", device="coreml", inputs=inputs)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        (cloud("XGBOOST"), "input-not-taken"),
        (cloud("ONNX", version="1.7"), "version-not-taken"),
        (cloud("DARKNET"), "framework-not-on-target"),
        (cloud("PYTORCH", version="1.9"), "version-not-on-target"),
        (cloud("PYTORCH", version="1.13", options='{"dtype": "float16"}'), "bad-dtype"),
        (cloud("MXNET", version="1.8", options='{"dtype": "float32"}'), "dtype-not-taken"),
        (cloud("MXNET", version="1.8", inputs='{"data": [1, 8, 8, 3]}'), "layout"),
        (cloud("MXNET", version="1.8", options='"-O2"'), "not-an-object"),
        (cloud("MXNET", version="1.8", options='{"mcpu": 1}'), "bad-mcpu"),
        (cloud("MXNET", version="1.8", options='{"mattr": "+neon"}'), "bad-mattr"),
        (cloud("MXNET", version="1.8", options='{"mcup": "skylake"}'), "unknown-option"),
        (cloud("MXNET", version="1.8", options='{"ANDROID_PLATFORM": 28}'), "android-options"),
        (cloud("MXNET", device=None, TargetPlatform={"Os": "ANDROID", "Arch": "ARM64"},
               options='{"ANDROID_PLATFORM": 20}'), "android-options"),
        (cloud("MXNET", device=None, TargetPlatform=LINUX | {"Accelerator": "NVIDIA"}), "nvidia-options"),
        (coreml('{"a": {"shape": ["1..", 4]}}'), "input-shape"),
        (coreml('{"a": {"shape": [1, 4], "type": "Image"}}'), "input-form"),
        (coreml('{"a": {"shape": [1, 4], "type": "Sound"}}'), "input-form"),
        (coreml('{"a": {"shapes": [1, 4]}}'), "input-form"),
    ],
)  # fmt: skip
def test_other_targets_have_faults_of_their_own(members, code):
    assert code in [word for _, word in found(**members)]


@pytest.mark.parametrize(
    "members",
    [
        cloud("XGBOOST", inputs=None),
        cloud("PYTORCH", version="2.0", inputs=None),
        cloud("PYTORCH", version="1.13", inputs="[[1, 3, 8, 8], [1, 4]]", options='{"dtype": "int64"}'),
        cloud("KERAS"),
        coreml('{"a": {"shape": [[1, 4], [1, 8]], "default_shape": [1, 4]}}'),
        coreml('{"a": {"shape": ["1..10", 4], "type": "Image", "bias": [-1], "scale": 0.5}}'),
        output(CompilerOptions='"--verbose 1 --num-neuroncores 2 -O2"'),
        source(FrameworkVersion="1.15"),
    ],
)  # fmt: skip
def test_what_aws_documents_passes(members):
    assert [word for _, word in found(**members)] == []


@pytest.mark.parametrize(("device", "region"), [("ml_inf2", "us-east-2"), ("ml_trn1", "us-east-1")])
def test_inferentia2_and_trainium_pass_in_their_one_region_with_a_note(device, region):
    assert found(region, **output(TargetDevice=device)) == [(DEVICE, "no-table")]
    assert (DEVICE, "target-not-in-region") in found("eu-west-1", **output(TargetDevice=device))


def test_a_region_that_is_not_known_is_not_judged():
    assert found(None, **output(TargetDevice="ml_inf2")) == [(DEVICE, "no-table")]


def test_the_gravest_come_first_and_each_says_what_to_do():
    request = changed(**source(FrameworkVersion=None, S3Uri="s3://models/a/"))
    severities = [one.severity for one in rules.findings(request, "us-east-1")]
    assert severities == [Severity.ERROR, Severity.WARNING]
    assert all(one.fix for one in rules.findings(request, "us-east-1"))


def test_a_request_of_another_shape_altogether_is_told_and_no_more():
    assert {one.code for one in rules.findings({"InputConfig": [], "Tags": 1}, None)} >= {
        "wrong-type", "missing-member",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("device", "framework", "versions"),
    [
        ("ml_inf1", "TENSORFLOW", ("1.15", "2.5")),
        ("ml_inf1", "MXNET", ("1.5", "1.8")),
        ("ml_inf1", "PYTORCH", ("1.7", "1.8", "1.9")),
        ("ml_p3", "TENSORFLOW", ("1.15.3", "2.9")),
        ("ml_eia2", "TENSORFLOW", ("2.3.2",)),
    ],
)
def test_the_table_is_aws_s(device, framework, versions):
    assert targets.group_of(device).frameworks[framework] == versions


@pytest.mark.parametrize(
    ("asked", "listed", "same"),
    [("1.15.3", "1.15", True), ("1.15", "1.15.3", True), ("1.1", "1.13", False), ("2", "2.5", False),
     ("2.50", "2.5", False), ("1.15.2", "1.15.3", False)],
)  # fmt: skip
def test_a_version_may_be_written_shorter_or_longer(asked, listed, same):
    assert targets.same_version(asked, listed) is same


@pytest.mark.parametrize(
    ("one", "is_newer"), [("2.6", True), ("2.5.9", False), ("2.10", True), ("1.15", False), ("x", False)]
)
def test_a_later_series_is_newer_and_a_later_patch_is_not(one, is_newer):
    assert targets.newer(one, "2.5") is is_newer
