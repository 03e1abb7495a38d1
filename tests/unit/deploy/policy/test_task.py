from __future__ import annotations

import pytest

from neuronserve.deploy.policy import document, task
from neuronserve.deploy.policy.task import Needs
from neuronserve.errors import InvalidInput
from tests.deploying.iam import may

OBJECT = "arn:aws:s3:::models/resnet.tar.gz"
JOB = "arn:aws:sagemaker:us-east-1:123456789012:compilation-job/"


def _policy(spec, place, **needs):
    return document.of(task.statements(spec, Needs(**needs), place))


def test_with_the_model_in_the_image_the_task_may_nothing(spec, place):
    assert _policy(spec(), place)["Statement"] == []
    assert _policy(spec(model_uri="/opt/ml/model"), place)["Statement"] == []


def test_a_task_reads_its_model_and_nothing_else(spec, place):
    policy = _policy(spec(model_uri="s3://models/resnet.tar.gz"), place)
    assert may(policy, "s3:GetObject", OBJECT)
    assert [one["Sid"] for one in policy["Statement"]] == ["ReadTheModel"]


def test_a_model_named_by_a_variable_is_read_too(spec, place):
    policy = _policy(spec(environment={"MODEL_URI": "s3://models/resnet.tar.gz"}), place)
    assert may(policy, "s3:GetObject", OBJECT)


def test_an_encrypted_model_takes_its_key(spec, place):
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    policy = _policy(spec(model_uri="s3://models/resnet.tar.gz"), place, model_keys=(key,))
    assert may(policy, "kms:Decrypt", key, kms__ViaService="s3.us-east-1.amazonaws.com")


@pytest.mark.parametrize(
    "given", [{"compilation_job": "Job-1"}, {"environment": {"COMPILATION_JOB": "Job-1"}}]
)
def test_a_compilation_job_is_looked_up_and_its_artifact_read(spec, place, given):
    policy = _policy(spec(**given), place, artifact_uri="s3://models/resnet.tar.gz")
    assert may(policy, "s3:GetObject", OBJECT)
    for name in ("Job-1", "job-1"):  # SageMaker's ARNs are in lower case
        assert may(policy, "sagemaker:DescribeCompilationJob", JOB + name)
    assert not may(policy, "sagemaker:DescribeCompilationJob", JOB + "other")


def test_a_compilation_job_without_an_address_is_refused_with_what_to_do(spec, place):
    with pytest.raises(InvalidInput, match="--artifact-uri"):
        _policy(spec(compilation_job="job"), place)


def test_a_secret_address_is_refused_with_what_to_do(spec, place):
    secret = spec(secrets={"MODEL_URI": "/models/uri"})
    with pytest.raises(InvalidInput, match="--artifact-uri"):
        _policy(secret, place)
    assert may(_policy(secret, place, artifact_uri="s3://models/resnet.tar.gz"), "s3:GetObject", OBJECT)


def test_a_compilation_jobs_name_is_no_pattern(spec, place):
    with pytest.raises(InvalidInput, match="compilation job"):
        _policy(spec(compilation_job="job*"), place, artifact_uri="s3://models/a")


def test_exec_is_only_for_those_who_ask(spec, place):
    channel = "ssmmessages:OpenDataChannel"
    assert not may(_policy(spec(), place), channel, "*")
    policy = _policy(spec(), place, exec=True)
    assert may(policy, channel, "*")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/digits"
    assert may(policy, "logs:PutLogEvents", f"{group}:log-stream:exec-1")
