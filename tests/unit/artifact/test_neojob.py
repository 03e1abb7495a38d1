from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from neuronserve import errors
from neuronserve.artifact import neojob, s3
from neuronserve.artifact.location import S3Location
from neuronserve.settings import Settings
from tests.stored_models import IMPATIENT


@pytest.fixture
def sagemaker(monkeypatch):
    client = boto3.client("sagemaker", "us-east-2", aws_access_key_id="x", aws_secret_access_key="y")
    monkeypatch.setattr(s3, "client", lambda _service: client)
    with Stubber(client) as stub:
        yield stub


def described(status, uri="s3://bucket/out/model-ml_inf1.tar.gz", digest="", reason="", **more):
    # the members that the API calls required, and those that are read
    return {
        "CompilationJobName": "neo",
        "CompilationJobArn": "arn:aws:sagemaker:us-east-2:123456789012:compilation-job/neo",
        "CompilationJobStatus": status,
        "FailureReason": reason,
        "ModelArtifacts": {"S3ModelArtifacts": uri},
        "ModelDigests": {"ArtifactDigest": digest},
        "StoppingCondition": {},
        "CreationTime": 0,
        "LastModifiedTime": 0,
        "RoleArn": "arn:aws:iam::123456789012:role/neo-role",
        "InputConfig": {"S3Uri": "s3://bucket/in.tar.gz", "Framework": more.pop("framework", "TENSORFLOW")},
        "OutputConfig": {"S3OutputLocation": "s3://bucket/out/", **more.pop("output", {})},
        **more,
    }


def test_a_completed_job_names_its_artifact_and_its_digest_is_hearsay(sagemaker):
    sagemaker.add_response("describe_compilation_job", described("COMPLETED", digest="0" * 128))
    job = neojob.located("neo", IMPATIENT)
    assert job.at == S3Location("bucket", "out/model-ml_inf1.tar.gz")
    assert [(one.algorithms, one.fatal) for one in job.hearsay] == [(("blake2b",), False)]


def test_a_digest_of_unknown_form_is_left_alone(sagemaker):
    sagemaker.add_response("describe_compilation_job", described("COMPLETED", digest="786a02f742"))
    assert neojob.located("neo", IMPATIENT).hearsay == ()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("INPROGRESS", "wait until it is done"),
        ("FAILED", "ClientError: odd input"),
        ("STOPPED", "compile again"),
    ],
)
def test_a_job_without_a_result_is_refused_with_its_state_and_reason(sagemaker, status, said):
    sagemaker.add_response("describe_compilation_job", described(status, reason="ClientError: odd input"))
    with pytest.raises(errors.LocationError, match=said) as refused:
        neojob.located("neo", IMPATIENT)
    assert status in refused.value.message


@pytest.mark.parametrize(
    ("code", "message", "cls", "said"),
    [
        ("ValidationException", "Could not find requested job", errors.ModelNotFound, "us-east-2"),
        ("AccessDeniedException", "no", errors.AccessDenied, "sagemaker:DescribeCompilationJob"),
        ("ExpiredTokenException", "no", errors.CredentialsError, "expired"),
    ],
)
def test_each_refusal_of_sagemaker_is_told_apart(sagemaker, code, message, cls, said):
    sagemaker.add_client_error("describe_compilation_job", code, message, 400)
    with pytest.raises(cls, match=said):
        neojob.located("neo", IMPATIENT)


def test_a_job_that_names_no_artifact_is_said(sagemaker):
    sagemaker.add_response("describe_compilation_job", described("COMPLETED", uri="nowhere"))
    with pytest.raises(errors.LocationError, match="names no artifact in S3"):
        neojob.located("neo", IMPATIENT)


@pytest.mark.parametrize("device", ["ml_inf1", "ml_inf2", "ml_trn1"])
def test_the_target_is_the_job_s_device(sagemaker, device):
    sagemaker.add_response(
        "describe_compilation_job", described("COMPLETED", output={"TargetDevice": device})
    )
    assert neojob.located("neo", IMPATIENT).target == device


@pytest.mark.parametrize("framework", ["PYTORCH", "MXNET", "KERAS", "XGBOOST"])
def test_another_framework_s_job_is_refused_with_a_pointer(sagemaker, framework):
    sagemaker.add_response(
        "describe_compilation_job",
        described("COMPLETED", framework=framework, output={"TargetDevice": "ml_inf1"}),
    )
    with pytest.raises(errors.OtherFramework, match=f"compiled a {framework} model") as refused:
        neojob.located("neo", IMPATIENT)
    assert "Deep Learning Containers" in refused.value.hint


def test_the_image_that_aws_has_for_it_is_the_better_pointer(sagemaker):
    sagemaker.add_response(
        "describe_compilation_job",
        described("COMPLETED", framework="PYTORCH", InferenceImage="aws.example/neo-pytorch:1.9-inf-py3"),
    )
    with pytest.raises(errors.OtherFramework) as refused:
        neojob.located("neo", IMPATIENT)
    assert "aws.example/neo-pytorch:1.9-inf-py3" in refused.value.hint


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ({"TargetDevice": "ml_c5"}, "compiled for ml_c5"),
        ({"TargetDevice": "ml_eia2"}, "compiled for ml_eia2"),
        ({"TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}, "compiled for LINUX X86_64"),
    ],
)
def test_what_was_compiled_for_no_neuroncore_is_refused(sagemaker, output, said):
    sagemaker.add_response("describe_compilation_job", described("COMPLETED", output=output))
    with pytest.raises(errors.OtherFramework, match=said) as refused:
        neojob.located("neo", IMPATIENT)
    assert "compile it for ml_inf1" in refused.value.hint


JOB = neojob.Job("neo", S3Location("bucket", "m.tar.gz"), target="ml_inf1")


@pytest.mark.parametrize("variable", ["SERVE_INSTANCE_TYPE", "SERVE_SIMULATE"])
def test_a_job_for_another_host_is_refused_before_anything_is_downloaded(variable):
    with pytest.raises(
        errors.WrongGeneration, match=r"for ml_inf1 \(Inf1\); this is inf2.xlarge \(Inf2/Trn1\)"
    ):
        neojob.refuse_other_host(JOB, Settings.from_environ({variable: "inf2.xlarge"}))


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"SERVE_INSTANCE_TYPE": "inf1.xlarge"},
        {"SERVE_INSTANCE_TYPE": "inf2.xlarge", "MODEL_SERVER": "cpu"},
    ],
)
def test_a_job_passes_where_the_host_is_the_same_is_not_known_or_does_not_matter(variables):
    neojob.refuse_other_host(JOB, Settings.from_environ(variables))
