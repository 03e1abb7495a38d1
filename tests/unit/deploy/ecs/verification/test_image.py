"""The platform of an image that has one manifest is in its configuration."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest

from neuronserve.deploy.ecs.verification import image
from neuronserve.deploy.ecs.verification.case import Case
from tests.unit.deploy.ecs.verification.aws import error, fits

NAME = "123456789012.dkr.ecr.us-east-1.amazonaws.com/served@sha256:" + "1" * 64
MANIFEST = {"schemaVersion": 2, "config": {"digest": "sha256:" + "2" * 64}}


class Registry:
    """ECR with one image."""

    def __init__(self, url="https://layers.test/config", fails=None, failure=None):
        self.url, self.fails, self.failure = url, fails, failure
        self.asked = None

    def batch_get_image(self, **given):
        fits("ecr", "BatchGetImage", given=given)
        self.asked = given
        if self.fails:
            raise error(self.fails, "BatchGetImage")
        answer = {"images": [{"imageId": {"imageDigest": "sha256:1"}, "imageManifest": json.dumps(MANIFEST)}]}
        if self.failure:
            answer = {"images": [], "failures": [self.failure]}
        fits("ecr", "BatchGetImage", answer=answer)
        return answer

    def get_download_url_for_layer(self, **given):
        fits("ecr", "GetDownloadUrlForLayer", given=given)
        assert given["layerDigest"] == MANIFEST["config"]["digest"]
        return {"downloadUrl": self.url}


@pytest.fixture
def item(monkeypatch):
    """Checks an image whose configuration is ``config``; None: the layers cannot be reached."""

    def run(config, ecr=None, **changes):
        def opened(url, timeout):
            if config is None:
                raise OSError("unreachable")
            return io.BytesIO(json.dumps(config).encode())

        monkeypatch.setattr("urllib.request.urlopen", opened)
        aws = SimpleNamespace(ecr=ecr or Registry(), region="us-east-1", in_region=lambda _: aws)
        (found,) = image.check(
            Case(aws, {"containerDefinitions": [{"image": NAME}, {"image": NAME}], **changes})
        )
        return found

    return run


def test_it_is_compared_with_what_the_task_runs_on(item):
    amd64 = {"os": "linux", "architecture": "amd64"}
    assert (item(amd64).verdict, item(amd64).seen) == ("OK", "sha256:1, linux/amd64")
    assert (
        item(amd64, runtimePlatform={"cpuArchitecture": "ARM64"}).seen
        == "is for linux/amd64, not linux/arm64"
    )
    assert item({"os": "linux", "architecture": "arm64"}).verdict == "NG"


def test_layers_that_cannot_be_read_do_not_make_the_image_bad(item):
    assert item(None).verdict == "SKIP"
    assert "its platform could not be read" in item(None).seen
    assert "its platform could not be read" in item({}, Registry(url="file:///etc/passwd")).seen


def test_a_digest_is_asked_for_as_one(item):
    ecr = Registry()
    item({}, ecr)
    assert ecr.asked["imageIds"] == [{"imageDigest": "sha256:" + "1" * 64}]


def test_a_registry_that_may_not_be_asked_is_a_skip(item):
    found = item({}, Registry(fails="AccessDeniedException"))
    assert found.verdict == "SKIP"
    assert found.fix == "scripts/policy prints the rights that are needed"


def test_an_image_that_is_there_and_cannot_be_had_is_ng_with_ecrs_reason(item):
    failure = {"failureCode": "KmsError", "failureReason": "the key is disabled"}
    found = item({}, Registry(failure=failure))
    assert (found.verdict, found.seen) == ("NG", "KmsError: the key is disabled")
