from __future__ import annotations

from pathlib import Path

import pytest

from neuronserve.artifact.location import LocalLocation, S3Location, parse
from neuronserve.errors import LocationError

ARN = "arn:aws:s3:eu-west-1:123456789012:accesspoint"


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("s3://bucket/a/model.tar.gz", S3Location("bucket", "a/model.tar.gz")),
        ("s3://bucket/a/", S3Location("bucket", "a/", prefix=True)),
        ("s3://bucket/", S3Location("bucket", "", prefix=True)),
        ("s3://bucket/a b+c%20?.tar.gz", S3Location("bucket", "a b+c%20?.tar.gz")),
        (f"s3://{ARN}/point/m.tar.gz", S3Location(f"{ARN}/point", "m.tar.gz")),
        ("/models/a", LocalLocation(Path("/models/a"))),
    ],
)
def test_addresses_are_understood(uri, location):
    assert parse(uri) == location


@pytest.mark.parametrize(
    "uri", ["models/a", "s3:/bucket/key", "s3://bucket", "s3://b_/", "s3:///key", "/a\0b", "a b"]
)
def test_what_is_no_address_is_refused_with_what_was_expected(uri):
    with pytest.raises(LocationError, match=r"s3://bucket/key\.tar\.gz"):
        parse(uri)
