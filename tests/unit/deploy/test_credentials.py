from __future__ import annotations

import pytest

from neuronserve.deploy import credentials
from neuronserve.deploy.aws import Aws
from tests.stored_models import isolate


@pytest.fixture
def around(tmp_path, monkeypatch):
    """A machine whose credentials are in a file, under a profile."""
    isolate(monkeypatch, tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "credentials"
    file.write_text("[work]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = hush\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    return {
        "AWS_PROFILE": "work",
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
        "AWS_MAX_ATTEMPTS": "2",
        "HOME": "/",
    }


def test_what_the_sdk_finds_in_files_becomes_variables_and_the_files_are_not_named(around):
    assert credentials.handed_on(Aws(profile="work", region="eu-west-1"), around) == {
        "AWS_MAX_ATTEMPTS": "2", "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hush",
    }  # fmt: skip


def test_a_token_of_other_credentials_does_not_stay(around):
    found = credentials.handed_on(Aws(profile="work"), {**around, "AWS_SESSION_TOKEN": "of another"})
    assert "AWS_SESSION_TOKEN" not in found


def test_an_endpoint_is_handed_on():
    aws = Aws(region="eu-west-1")
    assert credentials.handed_on(aws, {}, "http://aws.test")["AWS_ENDPOINT_URL"] == "http://aws.test"


def test_an_endpoint_on_this_machine_is_named():
    urls = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
        "AWS_ENDPOINT_URL_S3": "https://s3.test",
        "OTHER": None,
    }
    assert credentials.unreachable(urls) == ["AWS_ENDPOINT_URL"]
