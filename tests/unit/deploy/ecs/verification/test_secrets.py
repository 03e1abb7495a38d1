"""What is said of a secret whose value may not be read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from neuronserve.deploy.ecs.verification import Case, secrets

SECRET = "arn:aws:secretsmanager:eu-west-1:210987654321:secret:db-AbCdEf"  # of another region and account


class Manager:
    def __init__(self, *, described=None, code="AccessDeniedException"):
        self._described, self._code = described, code

    def describe_secret(self, SecretId):  # noqa: N803  as AWS calls it
        if self._described is None:
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "DescribeSecret")
        return {"Name": SecretId, "VersionIdsToStages": self._described}

    def get_secret_value(self, **_):
        raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "GetSecretValue")


def aws(manager):
    found = SimpleNamespace(region="us-east-1", secretsmanager=manager)
    found.in_region = lambda _: found
    return found


def look(source, manager, name="A"):
    container = {"name": "a", "secrets": [{"name": name, "valueFrom": source}]}
    [item] = secrets.check(Case(aws(manager), {"containerDefinitions": [container]}))
    return item


VERSIONS = {"1": ["AWSCURRENT"], "2": ["AWSPENDING"]}


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ("", "OK"),
        ("::AWSCURRENT:", "OK"),
        ("::AWSPENDING:2", "OK"),
        ("::AWSPENDING:1", "NG"),
        ("::AWSPREVIOUS:", "NG"),
        (":::3", "NG"),
        (":user::", "SKIP"),
        (":user:AWSCURRENT:", "SKIP"),
        (":user:AWSPREVIOUS:", "NG"),
    ],
)
def test_only_what_was_looked_at_is_ok(parts, verdict):
    item = look(SECRET + parts, Manager(described=VERSIONS))
    assert item.verdict == verdict
    if verdict == "SKIP":
        assert "JSON key user was not looked at" in item.seen
        assert "GetSecretValue" in item.fix


def test_a_secret_that_may_not_be_looked_at_at_all_is_skipped():
    assert look(f"{SECRET}:user::", Manager()).verdict == "SKIP"


def test_the_credentials_of_a_registry_are_two_keys():
    container = {"name": "a", "repositoryCredentials": {"credentialsParameter": SECRET}}
    case = Case(aws(Manager(described=VERSIONS)), {"containerDefinitions": [container]})
    [item] = secrets.check(case)
    assert item.verdict == "SKIP"
    assert "username and password" in item.seen
