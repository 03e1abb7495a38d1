from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from neuronserve import errors
from neuronserve.artifact import neojob, s3
from neuronserve.artifact.location import S3Location
from tests.stored_models import IMPATIENT


@pytest.fixture
def sagemaker(monkeypatch):
    client = boto3.client("sagemaker", "us-east-2", aws_access_key_id="x", aws_secret_access_key="y")
    monkeypatch.setattr(s3, "client", lambda _service: client)
    with Stubber(client) as stub:
        yield stub


def described(status, uri="s3://bucket/out/model-ml_inf1.tar.gz", digest="", reason=""):
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
        "InputConfig": {"S3Uri": "s3://bucket/in.tar.gz", "Framework": "TENSORFLOW"},
        "OutputConfig": {"S3OutputLocation": "s3://bucket/out/"},
    }


def test_a_completed_job_names_its_artifact_and_its_digest_is_hearsay(sagemaker):
    sagemaker.add_response("describe_compilation_job", described("COMPLETED", digest="0" * 128))
    at, hearsay = neojob.located("neo", IMPATIENT)
    assert at == S3Location("bucket", "out/model-ml_inf1.tar.gz")
    assert [(one.algorithms, one.fatal) for one in hearsay] == [(("blake2b",), False)]


def test_a_digest_of_unknown_form_is_left_alone(sagemaker):
    sagemaker.add_response("describe_compilation_job", described("COMPLETED", digest="786a02f742"))
    assert neojob.located("neo", IMPATIENT)[1] == ()


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
