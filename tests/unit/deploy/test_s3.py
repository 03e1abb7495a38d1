from __future__ import annotations

import pytest

from neuronserve.deploy import s3
from neuronserve.deploy.s3 import Place
from neuronserve.errors import InvalidInput

POINT = "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/models"


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://b", Place("b", "")),
        ("s3://b/", Place("b", "")),
        ("s3://b/p", Place("b", "p/")),
        ("s3://b/p q/\u00fc/", Place("b", "p q/\u00fc/")),
        (f"s3://{POINT}/p", Place(POINT, "p/")),
    ],
)
def test_a_prefix_has_its_slash_written_or_not(uri, place):
    assert s3.prefix("--to", uri) == place
    assert s3.prefix("--to", str(place)) == place


def test_an_archive_is_one_by_its_name():
    assert s3.archive("MODEL", "s3://b/p/m.tar.gz") == Place("b", "p/m.tar.gz")
    with pytest.raises(InvalidInput, match=r"MODEL s3://b/p/m.zip: one archive is taken"):
        s3.archive("MODEL", "s3://b/p/m.zip")


@pytest.mark.parametrize(
    "uri", ["", "b/k", "/k", "http://b/k", "s3:/b/k", "s3:///k", "S3://b/k", "s3://-b/k", "s3://"]
)
def test_what_is_no_address_is_refused_and_the_option_named(uri):
    with pytest.raises(InvalidInput, match=r"^--to .*expected s3://bucket/key"):
        s3.any_key("--to", uri)


@pytest.mark.parametrize("uri", ["https://user:secret@host/m.tar.gz", "s3://user:secret@b/k"])
def test_a_password_in_an_address_is_not_told(uri):
    with pytest.raises(InvalidInput) as caught:
        s3.any_key("--to", uri)
    assert "secret" not in str(caught.value)


def test_a_bucket_is_a_name_alone():
    assert s3.bucket("--bucket", "models") == "models"
    for name in ("s3://models", "models/p", "", "a b"):
        with pytest.raises(InvalidInput, match="expected a bucket's name"):
            s3.bucket("--bucket", name)
