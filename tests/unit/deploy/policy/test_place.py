from __future__ import annotations

import pytest

from neuronserve.deploy.policy import place as places
from neuronserve.errors import InvalidInput

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("us-east-1", "aws", "amazonaws.com"),
        ("ap-southeast-4", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
    ],
)
def test_a_region_is_in_its_partition_as_botocore_knows_it(region, partition, suffix):
    import boto3

    session = boto3.Session()
    found = places.of(region, ACCOUNT)
    assert (found.partition, found.suffix) == (partition, suffix)
    assert session.get_partition_for_region(region) == partition


@pytest.mark.parametrize("account", ["12345678901", "1234-5678-9012", "", "12345678901a", "1234567890123"])
def test_an_account_has_twelve_digits(account):
    with pytest.raises(InvalidInput, match="12 digits"):
        places.of("us-east-1", account)


@pytest.mark.parametrize("region", ["", "us-east", "US-EAST-1", "us-east-1a", "eu west 1"])
def test_what_is_no_region_is_refused(region):
    with pytest.raises(InvalidInput, match="us-east-1"):
        places.of(region, ACCOUNT)


def test_an_arn_is_taken_apart():
    found = places.parsed("arn:aws:ssm:us-east-1:123456789012:parameter/a/b")
    assert (found.service, found.account, found.rest) == ("ssm", ACCOUNT, "parameter/a/b")


def test_what_is_no_arn_has_no_parts():
    assert places.parsed("my-role") is None
    assert places.parsed("arn:aws:iam") is None


def test_kms_knows_services_in_china_by_two_names():
    assert places.of("cn-north-1", ACCOUNT).endpoints("s3") == [
        "s3.cn-north-1.amazonaws.com",
        "s3.cn-north-1.amazonaws.com.cn",
    ]
