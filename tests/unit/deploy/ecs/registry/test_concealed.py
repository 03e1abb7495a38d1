from __future__ import annotations

import json

import pytest

from neuronserve.deploy.ecs.registry import concealed
from neuronserve.deploy.ecs.registry.concealed import HIDDEN, OTHER
from neuronserve.deploy.ecs.registry.difference import difference


def app(**members):
    return {"family": "web", "containerDefinitions": [{"name": "app", "image": "app:1", **members}]}


def told(old, new):
    return [concealed.change(change) for change in difference(old, new)]


def variable(name, value):
    return app(environment=[{"name": name, "value": value}])


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "API_KEY", "api-key", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "DB_PWD", "SENTRY_DSN"]
)
def test_a_variable_that_is_called_like_a_secret_is_hidden_and_its_change_is_not(name):
    assert told(variable(name, "swordfish"), variable(name, "hunter2")) == [
        {"pointer": f"/containerDefinitions/app/environment/{name}", "old": HIDDEN, "new": OTHER}
    ]


@pytest.mark.parametrize("name", ["MODEL_URI", "TOKENIZER_PATH", "SERVE_DRAIN_SECONDS"])
def test_other_variables_are_shown(name):
    assert told(variable(name, "a"), variable(name, "b"))[0]["new"] == "b"


@pytest.mark.parametrize(
    "value",
    [
        "postgres://me:swordfish@db/x",
        "user=me;password=swordfish",
        '{"secret": "swordfish"}',
        "https://s3/x?X-Amz-Signature=swordfish",
        "AKIASWORDFISH1234567",
        "Bearer swordfish",
        "-----BEGIN RSA PRIVATE KEY-----swordfish",
    ],
)
def test_a_value_that_looks_like_a_secret_is_hidden_whatever_it_is_called(value):
    assert "swordfish" not in json.dumps(told(variable("X", "plain"), variable("X", value))).lower()


@pytest.mark.parametrize(
    "members",
    [
        {"logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": "swordfish"}}},
        {"dockerLabels": {"com.example.api-key": "swordfish"}},
        {"command": ["serve", "--password=swordfish"]},
        {"command": ["sh", "-c", "serve --token swordfish"]},
        {"environment": [{"name": "KEY", "value": "swordfish"}]},
        {"systemControls": [{"namespace": "secret", "value": "swordfish"}]},
    ],
)
def test_secrets_are_hidden_wherever_they_are_when_they_come_and_go(members):
    assert "swordfish" not in json.dumps(told(app(), app(**members)))
    assert "swordfish" not in json.dumps(told(app(**members), app()))
    whole = {"family": "web", "containerDefinitions": []}
    assert "swordfish" not in json.dumps(told(whole, app(**members)))


def test_where_a_secret_is_stored_is_shown():
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
    (change,) = told(app(), app(secrets=[{"name": "DB_PASSWORD", "valueFrom": arn}]))
    assert change["new"] == {"DB_PASSWORD": arn}
