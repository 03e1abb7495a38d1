from __future__ import annotations

import pytest

from neuronserve.deploy.policy import images
from neuronserve.deploy.policy.images import Repository
from neuronserve.errors import InvalidInput

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve:1",
            Repository("123456789012", "us-east-1", "neuronserve"),
        ),
        (
            f"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a/b_c/d@{DIGEST}",
            Repository("123456789012", "cn-north-1", "a/b_c/d"),
        ),
        (
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference-neuron:1.15.4-neuron-py37-ubuntu18.04",
            Repository("763104351884", "us-east-1", "tensorflow-inference-neuron"),
        ),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/a", Repository("123456789012", "us-east-1", "a")),
        ("123456789012.dkr-ecr.eu-west-1.on.aws/a:b", Repository("123456789012", "eu-west-1", "a")),
        ("public.ecr.aws/team/neuronserve:1", None),
        ("ghcr.io/team/neuronserve:1", None),
        ("localhost:5000/neuronserve", None),
        ("neuronserve", None),
    ],
)
def test_the_repository_of_an_image(image, expected):
    assert images.repository(image) == expected


def test_a_name_that_no_repository_has_is_refused():
    with pytest.raises(InvalidInput, match="Team"):
        images.repository("123456789012.dkr.ecr.us-east-1.amazonaws.com/Team:1")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("localhost:5000/a", "localhost:5000/a"),
        ("localhost:5000/a:1", "localhost:5000/a"),
        (f"a/b:1@{DIGEST}", "a/b"),
        ("a", "a"),
    ],
)
def test_an_image_without_tag_and_digest(image, expected):
    assert images.bare(image) == expected
