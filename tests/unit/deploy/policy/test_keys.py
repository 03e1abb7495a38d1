from __future__ import annotations

import pytest

from neuronserve.deploy.policy import document, keys
from neuronserve.errors import InvalidInput
from tests.deploying.iam import may

ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-1:123456789012:key/{ID}"
S3 = "s3.us-east-1.amazonaws.com"


def _policy(key, place, services=("s3",)):
    return document.of(keys.decrypt("DecryptIt", [key], services, place))


@pytest.mark.parametrize("key", [ID, ARN])
def test_a_key_decrypts_through_the_service_alone(key, place):
    policy = _policy(key, place)
    assert may(policy, "kms:Decrypt", ARN, kms__ViaService=S3)
    assert not may(policy, "kms:Decrypt", ARN, kms__ViaService="rds.us-east-1.amazonaws.com")
    assert not may(policy, "kms:Decrypt", ARN)
    assert not may(policy, "kms:Encrypt", ARN, kms__ViaService=S3)


def test_a_key_of_another_region_decrypts_there(place):
    there = ARN.replace("us-east-1", "eu-west-1")
    assert may(_policy(there, place), "kms:Decrypt", there, kms__ViaService="s3.eu-west-1.amazonaws.com")


@pytest.mark.parametrize("key", ["alias/models", "arn:aws:kms:us-east-1:123456789012:alias/models"])
def test_an_alias_is_a_condition(key, place):
    policy = _policy(key, place)
    assert may(policy, "kms:Decrypt", ARN, kms__ViaService=S3, kms__ResourceAliases=["alias/models"])
    assert not may(policy, "kms:Decrypt", ARN, kms__ViaService=S3, kms__ResourceAliases=["alias/others"])


@pytest.mark.parametrize(
    "key", ["", "models", "arn:aws:kms:us-east-1:123456789012:key/*", "alias/*", "arn:aws:s3:::a"]
)
def test_what_is_no_key_is_refused(key, place):
    with pytest.raises(InvalidInput, match="KMS key"):
        _policy(key, place)
