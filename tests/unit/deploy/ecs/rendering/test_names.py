"""Names as AWS takes them."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.rendering import names
from neuronserve.errors import InvalidInput


@pytest.mark.parametrize("check", [names.family, names.container])
@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("a", True),
        ("A_b-9", True),
        ("a" * 255, True),
        ("", False),
        ("a" * 256, False),
        ("a.b", False),
        ("a b", False),
        ("é", False),
    ],
)
def test_families_and_containers(check, name, fine):
    assert accepted(check, name) is fine


@pytest.mark.parametrize(
    ("image", "fine"),
    [
        ("neuronserve", True),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/team/neuronserve:1.0", True),
        ("host:5000/neuronserve@sha256:" + "0" * 64, True),
        ("", False),
        ("a b", False),
        ("-v", False),
        ("a" * 256, False),
        ("Team/neuronserve", True),
        ("a/Neuronserve", False),
        ("a//b", False),
        ("neuronserve:", False),
        ("neuronserve@sha256:" + "0" * 63, False),
    ],
)
def test_images(image, fine):
    assert accepted(names.image, image) is fine


@pytest.mark.parametrize(
    ("role", "fine"),
    [
        ("neuronserve", True),
        ("arn:aws:iam::123456789012:role/neuronserve", True),
        ("arn:aws-us-gov:iam::123456789012:role/path/to/neuronserve", True),
        ("arn:aws:iam::123:role/neuronserve", False),
        ("arn:aws:iam::123456789012:user/neuronserve", False),
        ("arn:aws:iam::123456789012:role/", False),
        ("a role", False),
        ("", False),
    ],
)
def test_roles(role, fine):
    assert accepted(lambda text: names.role("task role", text), role) is fine


@pytest.mark.parametrize(
    ("place", "fine"),
    [
        ("arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf", True),
        ("arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf:key::", True),
        ("arn:aws:ssm:us-east-1:123456789012:parameter/a/b", True),
        ("/a/b", True),
        ("/a/b:7", True),
        ("arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1a-AbCdEf", True),
        ("arn:aws:secretsmanager:us-east-1:123456789012:secret:a#b", False),
        ("arn:value", False),
        ("arn:aws:ssm:us-east-1:123456789012:secret:a", False),
        ("arn:aws:s3:::bucket/key", False),
        ("hunter 2!", False),
        ("", False),
    ],
)
def test_secrets(place, fine):
    assert accepted(lambda text: names.secret("TOKEN", text), place) is fine


def test_a_secret_that_is_no_place_is_not_shown():
    with pytest.raises(InvalidInput) as caught:
        names.secret("TOKEN", "hunter2!")
    assert "TOKEN" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("arn", "fine"),
    [
        ("arn:aws:s3:::bucket/a/b.env", True),
        ("arn:aws-cn:s3:::bucket/b.env", True),
        ("s3://bucket/b.env", False),
        ("arn:aws:s3:::bucket/b.txt", False),
    ],
)
def test_environment_files(arn, fine):
    assert accepted(names.environment_file, arn) is fine


@pytest.mark.parametrize(
    ("tags", "fine"),
    [
        ({f"k{n}": "v" for n in range(50)}, True),
        ({f"k{n}": "v" for n in range(51)}, False),
        ({"Größe": "1 + 2 = 3 . : / @ _ -"}, True),
        ({"k": ""}, True),
        ({"": "v"}, False),
        ({"k" * 129: "v"}, False),
        ({"k": "v" * 257}, False),
        ({"aws:k": "v"}, False),
        ({"AWS:k": "v"}, False),
        ({"k": "AWS:v"}, False),
        ({"k": "a\nb"}, False),
        ({"k": "a;b"}, False),
    ],
)
def test_tags(tags, fine):
    assert accepted(names.tags, tags) is fine


@pytest.mark.parametrize(
    ("image", "region"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1", "eu-west-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/a", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a", "cn-north-1"),
        ("public.ecr.aws/a/b:1", None),
        ("neuronserve:1", None),
    ],
)
def test_the_region_of_an_image(image, region):
    assert names.ecr_region(image) == region


@pytest.mark.parametrize(
    ("image", "model", "family"),
    [
        ("neuronserve", None, "neuronserve-inf1-xlarge"),
        ("host:5000/team/neuronserve:1.0", "res.net", "neuronserve-res-net-inf1-xlarge"),
        ("a/b@sha256:00", None, "b-inf1-xlarge"),
        ("x" * 250, None, None),
    ],
)
def test_a_family_of_its_own_making_is_one_that_ecs_takes(image, model, family):
    found = names.default_family(image, model, "inf1.xlarge")
    names.family(found)
    assert family is None or found == family


def accepted(check, value):
    try:
        check(value)
    except InvalidInput:
        return False
    return True
