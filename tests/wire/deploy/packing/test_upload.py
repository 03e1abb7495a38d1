"""Archives go to S3 once, and never over others."""

from __future__ import annotations

import boto3
import pytest

from neuronserve.deploy.packing import archive, upload
from neuronserve.deploy.packing.upload import Target, target
from neuronserve.deploy.packing.walk import Member
from neuronserve.errors import InvalidInput, NoSuchResource
from tests.wire.deploy.conftest import REGION


@pytest.fixture
def bucket(cloud):
    found = boto3.resource("s3", region_name=REGION).Bucket("models")
    found.create()
    return found


@pytest.fixture
def packed(tmp_path):
    def make(data):
        (tmp_path / "f").write_bytes(data)
        (tmp_path / "m.tar.gz").unlink(missing_ok=True)
        return archive.write([Member("f", tmp_path / "f")], tmp_path / "m.tar.gz")

    return make


def test_the_same_content_is_sent_once(cloud, bucket, packed):
    to = target("s3://models/some/prefix/", "m.tar.gz")
    assert upload.sent(cloud, packed(b"1"), to)
    written = bucket.Object("some/prefix/m.tar.gz").last_modified
    assert not upload.sent(cloud, packed(b"1"), to)
    assert bucket.Object("some/prefix/m.tar.gz").last_modified == written
    assert bucket.Object("some/prefix/m.tar.gz").get()["Body"].read() == packed(b"1").path.read_bytes()


def test_other_content_is_replaced_only_when_asked(cloud, bucket, packed):
    upload.sent(cloud, packed(b"1"), Target("models", "m.tar.gz"))
    with pytest.raises(InvalidInput, match="is there, with other content"):
        upload.sent(cloud, packed(b"2"), Target("models", "m.tar.gz"))
    assert upload.sent(cloud, packed(b"2"), Target("models", "m.tar.gz", overwrite=True))
    assert bucket.Object("m.tar.gz").get()["Body"].read() == packed(b"2").path.read_bytes()


def test_what_came_between_the_look_and_the_sending_is_not_replaced(cloud, bucket, packed, monkeypatch):
    upload.sent(cloud, packed(b"1"), Target("models", "m.tar.gz"))
    monkeypatch.setattr(upload, "_there", lambda *_: None)
    with pytest.raises(InvalidInput, match="is there, with other content"):
        upload.sent(cloud, packed(b"2"), Target("models", "m.tar.gz"))


def test_a_large_archive_goes_in_parts_and_is_known_again(cloud, bucket, packed, monkeypatch):
    monkeypatch.setattr(upload, "_ONE_CALL", 64)
    assert upload.sent(cloud, packed(b"1" * 9000), Target("models", "m.tar.gz"))
    assert not upload.sent(cloud, packed(b"1" * 9000), Target("models", "m.tar.gz"))


def test_it_is_encrypted_with_the_given_key(cloud, bucket, packed):
    upload.sent(cloud, packed(b"1"), Target("models", "m.tar.gz", kms_key="alias/mine"))
    found = bucket.Object("m.tar.gz")
    assert (found.server_side_encryption, found.ssekms_key_id) == ("aws:kms", "alias/mine")


def test_an_absent_bucket_is_told(cloud, packed):
    with pytest.raises(Exception, match="bucket") as raised:
        upload.sent(cloud, packed(b"1"), Target("absent", "m.tar.gz"))
    from neuronserve.deploy.aws import explained

    assert isinstance(explained(raised.value), NoSuchResource)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("s3://b", "m.tar.gz"), ("s3://b/", "m.tar.gz"), ("s3://b/p/", "p/m.tar.gz"),
        ("s3://b/p/n.tar.gz", "p/n.tar.gz"),
    ],
)  # fmt: skip
def test_an_address_is_a_bucket_a_prefix_or_a_key(address, key):
    assert target(address, "m.tar.gz") == Target("b", key)


@pytest.mark.parametrize("address", ["b/p", "s3://", "https://b/p/", "s3://b/p", "s3:///p/"])
def test_other_addresses_are_refused(address):
    with pytest.raises(InvalidInput, match="--upload"):
        target(address, "m.tar.gz")
