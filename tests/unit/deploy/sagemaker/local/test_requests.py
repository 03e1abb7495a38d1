import json

import pytest

from neuronserve.deploy.sagemaker.local import requests, variables
from neuronserve.deploy.sagemaker.local.variables import Place
from neuronserve.deploy.sagemaker.local.wanted import Kind
from neuronserve.errors import InvalidInput

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1"
DATA = "s3://bucket/model.tar.gz"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
ONE = {"Image": IMAGE, "ModelDataUrl": DATA, "Environment": {"A": "1"}}
MODEL = {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": ONE}
DIRECT = {"Mode": "Direct"}
MANY = {**ONE, "Mode": "MultiModel", "ModelDataUrl": "s3://b/p/"}
TWO = [{**ONE, "ContainerHostname": "first"}, {**ONE, "ContainerHostname": "second"}]
VARIANT = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.inf1.xlarge", "InitialInstanceCount": 1}
CONFIG = {"EndpointConfigName": "c", "ProductionVariants": [VARIANT]}
ENDPOINT = {"EndpointName": "e", "EndpointConfigName": "c"}


@pytest.fixture
def read(tmp_path):
    def of(*documents):
        file = tmp_path / "requests.json"
        file.write_text(json.dumps(list(documents)))
        return requests.read([str(file)])

    return of


def test_what_deploy_prints_is_an_endpoint(read):
    variant = {**VARIANT, "ContainerStartupHealthCheckTimeoutInSeconds": 90}
    config = {**CONFIG, "ProductionVariants": [variant]}
    asked = read({**MODEL, "EnableNetworkIsolation": True}, config, ENDPOINT)
    found = requests.endpoint(asked, name="", startup=None)
    assert (found.name, found.kind, found.variant, found.startup, found.isolated) == (
        "e", Kind.REALTIME, "v", 90, True,
    )  # fmt: skip
    (only,) = found.containers
    assert (only.name, only.image, only.model, only.environment) == ("primary", IMAGE, DATA, {"A": "1"})


@pytest.mark.parametrize(
    ("change", "kind", "names"),
    [
        ({"PrimaryContainer": MANY}, Kind.MULTI_MODEL, ["primary"]),
        ({"Containers": TWO}, Kind.PIPELINE, ["first", "second"]),
        ({"Containers": [ONE, ONE]}, Kind.PIPELINE, ["container-1", "container-2"]),
        ({"Containers": TWO, "InferenceExecutionConfig": DIRECT}, Kind.DIRECT, ["first", "second"]),
    ],
)  # fmt: skip
def test_the_kind_follows_from_the_model(read, change, kind, names):
    model = {k: v for k, v in MODEL.items() if k != "PrimaryContainer" or "Containers" not in change}
    found = requests.endpoint(read({**model, **change}), name="", startup=None)
    assert (found.kind, [one.name for one in found.containers]) == (kind, names)


def test_an_asynchronous_configuration_is_taken_whole(read):
    output = {
        "S3OutputPath": "s3://bkt/out", "S3FailurePath": "s3://bkt/bad",
        "NotificationConfig": {"SuccessTopic": "arn:aws:sns:us-east-1:123456789012:yes"},
    }  # fmt: skip
    asked = {"OutputConfig": output, "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 9}}
    found = requests.endpoint(read(MODEL, {**CONFIG, "AsyncInferenceConfig": asked}), name="", startup=None)
    assert found.kind is Kind.ASYNC
    assert (found.asynchronous.concurrent, found.asynchronous.failure) == (9, "s3://bkt/bad")


@pytest.mark.parametrize(
    ("documents", "told"),
    [
        ([ENDPOINT], "no CreateModel"),
        ([MODEL, MODEL], "#/1: a second CreateModel"),
        ([{**MODEL, "ModelName": "no name!"}], "#/0/ModelName"),
        ([{"ModelName": "m", "Containers": [{**ONE, "Mode": "Many"}]}], "Mode: 'Many' is none of"),
    ],
)
def test_what_cannot_be_rehearsed_is_named_with_its_place(read, documents, told):
    with pytest.raises(InvalidInput, match=told):
        read(*documents)


def test_serverless_endpoints_are_refused(read):
    variant = {
        "VariantName": "v",
        "ModelName": "m",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    }
    with pytest.raises(InvalidInput, match="serverless"):
        requests.endpoint(read(MODEL, {**CONFIG, "ProductionVariants": [variant]}), name="", startup=None)


def test_a_transform_job_is_read(read):
    job = {
        "TransformJobName": "j", "ModelName": "m", "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": 6,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in/"}},
            "ContentType": "text/csv", "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": "s3://b/out", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.inf2.xlarge", "InstanceCount": 1},
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input"},
    }  # fmt: skip
    wanted, source, target, _ = requests.job(read(MODEL, job))
    assert (source, target, wanted.split, wanted.processing.joins) == (
        "s3://b/in/",
        "s3://b/out",
        "Line",
        True,
    )
    assert wanted.environment() == {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "6",
        "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
    }


def test_an_isolated_container_gets_no_credentials_and_several_get_ports(read):
    found = requests.endpoint(
        read({"ModelName": "m", "Containers": TWO, "EnableNetworkIsolation": True}), name="", startup=None
    )
    place = Place(8081, (21000, 21031), "/opt/ml/model", "/opt/ml/models")
    environ = variables.of(
        found, found.containers[1], place, region="eu-west-1", handed_on={"AWS_ACCESS_KEY_ID": "x"}, batch={}
    )
    assert environ == {
        "A": "1", "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
        "SAGEMAKER_BIND_TO_PORT": "8081", "SAGEMAKER_SAFE_PORT_RANGE": "21000-21031",
    }  # fmt: skip
