from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.artifact import location
from neuronserve.deploy.policy import document, model
from neuronserve.deploy.policy import place as places
from neuronserve.errors import InvalidInput, LocationError
from tests.deploying.iam import may

POINT = "arn:aws:s3:us-east-1:123456789012:accesspoint/models"


def _policy(uri, region="us-east-1"):
    return document.of(model.statements(model.address(uri), places.of(region, "123456789012")))


def test_an_object_may_be_read_with_its_versions_and_nothing_beside_it():
    policy = _policy("s3://models/resnet.tar.gz")
    for action in ("s3:GetObject", "s3:GetObjectVersion"):
        assert may(policy, action, "arn:aws:s3:::models/resnet.tar.gz")
        assert not may(policy, action, "arn:aws:s3:::models/resnet.tar.gz.old")
        assert not may(policy, action, "arn:aws:s3:::others/resnet.tar.gz")
    assert not may(policy, "s3:ListBucket", "arn:aws:s3:::models", s3__prefix="resnet.tar.gz")


def test_a_prefix_may_be_listed_and_what_is_below_it_read():
    policy = _policy("s3://models/resnet/1/")
    assert may(policy, "s3:GetObject", "arn:aws:s3:::models/resnet/1/saved_model.pb")
    assert may(policy, "s3:ListBucket", "arn:aws:s3:::models", s3__prefix="resnet/1/")
    assert not may(policy, "s3:ListBucket", "arn:aws:s3:::models", s3__prefix="resnet/")
    assert not may(policy, "s3:ListBucket", "arn:aws:s3:::models")
    assert not may(policy, "s3:GetObject", "arn:aws:s3:::models/resnet/2/saved_model.pb")


def test_a_whole_bucket_may_be_listed_without_a_prefix():
    policy = _policy("s3://models/")
    assert may(policy, "s3:ListBucket", "arn:aws:s3:::models")
    assert may(policy, "s3:GetObject", "arn:aws:s3:::models/1/saved_model.pb")


def test_a_key_with_the_characters_of_patterns_is_that_key():
    policy = _policy("s3://models/a*?${x}/")
    assert may(policy, "s3:GetObject", "arn:aws:s3:::models/a*?${x}/1")
    assert not may(policy, "s3:GetObject", "arn:aws:s3:::models/abc${x}/1")
    assert may(policy, "s3:ListBucket", "arn:aws:s3:::models", s3__prefix="a*?${x}/")


def test_an_access_point_has_objects_of_its_own():
    policy = _policy(f"s3://{POINT}/resnet/")
    assert may(policy, "s3:GetObject", f"{POINT}/object/resnet/1")
    assert may(policy, "s3:ListBucket", POINT, s3__prefix="resnet/")
    assert not may(policy, "s3:GetObject", "arn:aws:s3:::models/resnet/1")


def test_a_directory_bucket_has_sessions_that_read():
    policy = _policy("s3://models--use1-az4--x-s3/resnet.tar.gz")
    bucket = "arn:aws:s3express:us-east-1:123456789012:bucket/models--use1-az4--x-s3"
    assert may(policy, "s3express:CreateSession", bucket, s3express__SessionMode="ReadOnly")
    assert not may(policy, "s3express:CreateSession", bucket, s3express__SessionMode="ReadWrite")


def test_a_bucket_in_china_is_in_its_partition():
    assert may(_policy("s3://models/a", "cn-north-1"), "s3:GetObject", "arn:aws-cn:s3:::models/a")


@pytest.mark.parametrize(
    "uri",
    [
        "s3://",
        "s3://b",
        "s3://models",
        "https://models/a",
        "s3://Mo dels/a",
        "s3://arn:aws:s3:us-east-1:123456789012:bucket/models/a",
        "s3://arn:aws:s3-outposts:us-east-1:123456789012:outpost/op-1/accesspoint/a/b",
        "s3://arn:aws:s3:us-east-1:123456789012:accesspoint//a",
    ],
)
def test_what_no_policy_can_be_made_of_is_refused(uri):
    with pytest.raises(InvalidInput):
        model.address(uri)


@given(
    bucket=st.text(alphabet="ab1.-_", min_size=1, max_size=6),
    key=st.text(alphabet="ab/*?$ é", max_size=8),
)
def test_an_address_is_what_the_container_takes_it_for(bucket, key):
    uri = f"s3://{bucket}/{key}"
    try:
        theirs = location.parse(uri)
    except LocationError:
        with pytest.raises(InvalidInput):
            model.address(uri)
        return
    ours = model.address(uri)
    assert (ours.bucket, ours.key, ours.prefix) == (theirs.bucket, theirs.key, theirs.prefix)
