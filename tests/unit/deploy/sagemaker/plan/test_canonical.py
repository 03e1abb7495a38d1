from __future__ import annotations

import pytest

from neuronserve.deploy.sagemaker.plan.canonical import differences

ARCHIVE = "s3://m/a.tar.gz"
REQUEST = {
    "ModelName": "m",
    "PrimaryContainer": {"Image": "i", "ModelDataUrl": ARCHIVE, "Environment": {"A": "1"}},
    "ExecutionRoleArn": "r",
}
DESCRIBED = {
    "ModelName": "m",
    "PrimaryContainer": {
        "Image": "i", "Mode": "SingleModel", "ModelDataUrl": ARCHIVE, "Environment": {"A": "1"},
        "ModelDataSource": {"S3DataSource": {
            "S3Uri": ARCHIVE, "S3DataType": "S3Object", "CompressionType": "Gzip",
        }},
    },
    "ExecutionRoleArn": "r", "CreationTime": 1, "ModelArn": "arn", "EnableNetworkIsolation": False,
}  # fmt: skip


def test_what_sagemaker_adds_is_no_difference():
    assert differences(REQUEST, DESCRIBED) == []
    assert differences({**REQUEST, "Tags": [{"Key": "a", "Value": "b"}]}, DESCRIBED) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"ExecutionRoleArn": "s"}, "/ExecutionRoleArn"),
        ({"EnableNetworkIsolation": True}, "/EnableNetworkIsolation"),
        (
            {"PrimaryContainer": {**DESCRIBED["PrimaryContainer"], "Mode": "MultiModel"}},
            "/PrimaryContainer/Mode",
        ),
        (
            {"PrimaryContainer": {**DESCRIBED["PrimaryContainer"], "Environment": {"A": "1", "B": "2"}}},
            "/PrimaryContainer/Environment/B",
        ),
    ],
)
def test_what_runs_otherwise_is_a_difference(change, place):
    assert differences(REQUEST, {**DESCRIBED, **change}) == [place]


def test_the_weight_that_a_variant_has_by_itself_is_no_difference():
    request = {"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v"}]}
    described = {**request, "ProductionVariants": [{"VariantName": "v", "InitialVariantWeight": 1.0}]}
    assert differences(request, described) == []
    described["ProductionVariants"][0]["InitialVariantWeight"] = 0.5
    assert differences(request, described) == ["/ProductionVariants/0/InitialVariantWeight"]
