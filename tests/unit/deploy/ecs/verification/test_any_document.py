"""Whatever a document holds, and though AWS refuses everything, there are items and no traceback."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.ecs import verification
from neuronserve.deploy.ecs.verification import CHECKS, Case

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
TEXTS = st.sampled_from(
    [
        *("", ":", "/", "arn:", "s3://", "s3://b", "s3://models/a/", "s3://arn:aws:s3:::x/y", "MODEL_URI"),
        *(
            "MODEL_DIGEST",
            "sha256:zz",
            "awslogs",
            "memberOf",
            "attribute:a = b",
            "attribute:a == b",
            "awsvpc",
        ),
        *("host", "EC2", f"{REGISTRY}/A", f"{REGISTRY}/a@sha256:0", f"{REGISTRY}/a:"),
        "arn:aws:secretsmanager:us-east-1:123456789012:secret",
        "arn:aws:ssm:us-east-1::parameter/",
        "arn:aws:iam::123456789012:role/",
    ]
)
KEYS = st.sampled_from(
    [
        *("name", "value", "image", "environment", "secrets", "valueFrom", "logConfiguration", "logDriver"),
        *("options", "awslogs-group", "awslogs-region", "portMappings", "hostPort", "repositoryCredentials"),
        *("credentialsParameter", "cpuArchitecture", "type", "expression", "cpu", "memory"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
CONTAINERS = st.lists(st.dictionaries(KEYS, VALUES, max_size=6) | VALUES, max_size=2)
DOCUMENTS = st.fixed_dictionaries(
    {"containerDefinitions": CONTAINERS | VALUES},
    optional=dict.fromkeys(
        (
            "family",
            "executionRoleArn",
            "taskRoleArn",
            "placementConstraints",
            "runtimePlatform",
            "networkMode",
        ),
        VALUES,
    ),
)


@pytest.fixture
def refusing(monkeypatch):
    """An AWS that checks what it is asked, and refuses."""

    def refuse(model, **_):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, model.name)

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
    aws = Aws(region="us-east-1", endpoint_url="http://127.0.0.1:9")
    aws.session.events.register("before-call", refuse)
    return aws


@given(DOCUMENTS, st.sampled_from([None, "c"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_check_has_an_answer(refusing, document, cluster):
    found = list(
        verification.items([Case(refusing, document, cluster), Case(refusing, {}, cluster)], list(CHECKS))
    )
    assert {item.verdict for item in found} <= {"SKIP", "NG", "OK"}
    assert {item.check for item in found} >= set(CHECKS) - {"image"}
