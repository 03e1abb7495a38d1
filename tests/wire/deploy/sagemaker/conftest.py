"""A desk at a SageMaker whose endpoints are scripted; all else of AWS is moto's."""

from __future__ import annotations

import json

import botocore.endpoint
import pytest

from neuronserve.deploy import program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.sagemaker.verbs import delete, deploy
from tests.deploying.sagemaker_endpoints import BEGIN, PREFIX, PretendSageMaker

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1"
ROLE = "arn:aws:iam::123456789012:role/serving"
BASIC = ("--image", IMAGE, "--role", ROLE)


@pytest.fixture(scope="session")
def sdk():
    """One session of the SDK for all: it reads SageMaker's large model once."""
    return Aws(region="us-east-1").session


@pytest.fixture
def cloud(cloud, sdk):
    cloud.session = sdk
    return cloud


@pytest.fixture
def sagemaker(cloud, monkeypatch):
    pretended = PretendSageMaker()
    with pretended.front.serving(pretended) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", url)
        monkeypatch.setattr(botocore.endpoint.time, "sleep", lambda _: None)  # between the SDK's own tries
        yield pretended


@pytest.fixture
def run(sagemaker, desk):
    """Runs a verb; its exit code, its result (None: none), and what it said."""

    def start(verb, *words):
        for stream in (desk.out, desk.err):
            stream.seek(0)
            stream.truncate()
        known = {"deploy": deploy, "delete": delete}
        code = program.main("scripts/sagemaker", "", known, [verb, *map(str, words)], desk)
        out = desk.out.getvalue()
        return code, json.loads(out) if out else None, desk.err.getvalue()

    return start


@pytest.fixture
def deploy_digits(run):
    """``deploy digits`` on one ml.inf2.xlarge, with more options."""

    def start(*words, model="s3://models/digits.tar.gz", endpoint="digits"):
        options = ("--model-data", model, "--instance-type", "ml.inf2.xlarge", *BASIC)
        return run("deploy", endpoint, *options, *words)

    return start


@pytest.fixture
def job():
    """A finished compilation job for a target device, as SageMaker describes it."""

    def make(target):
        return {
            "CompilationJobName": "resnet", "CompilationJobStatus": "COMPLETED", "FailureReason": "",
            "CompilationJobArn": f"{PREFIX}:compilation-job/resnet", "RoleArn": ROLE,
            "StoppingCondition": {"MaxRuntimeInSeconds": 900}, "CreationTime": BEGIN,
            "LastModifiedTime": BEGIN,
            "InputConfig": {"S3Uri": "s3://in/resnet.tar.gz", "Framework": "TENSORFLOW"},
            "ModelArtifacts": {"S3ModelArtifacts": "s3://out/resnet/model.tar.gz"},
            "OutputConfig": {"S3OutputLocation": "s3://out/resnet/", "TargetDevice": target},
        }  # fmt: skip

    return make
