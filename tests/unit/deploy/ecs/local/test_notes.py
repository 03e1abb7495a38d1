"""What is told before a trial begins."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.local import notes, plan
from neuronserve.deploy.ecs.local.devices import Chips
from neuronserve.deploy.ecs.local.plan import Wishes
from neuronserve.deploy.ecs.local.readiness import Wait
from neuronserve.instances import catalogue

S3 = [{"name": "MODEL_URI", "value": "s3://bucket/model.tar.gz"}]
CREDENTIALS = "--pass-aws"
UNCHECKED = "without healthCheck"


def told(request=None, wait=Wait.READY, *, variables=None, simulated=None, **container):
    whole = {
        "family": "f", **(request or {}), "containerDefinitions": [{"name": "a", "image": "i", **container}],
    }  # fmt: skip
    wishes = Wishes(Chips(simulated=simulated and catalogue()[simulated]), variables or {})
    made = plan.make([whole], wishes, run="x", podman=False, environ={})
    return "\n".join(notes.of(made, [whole], wishes, wait))


def test_there_is_nothing_to_tell_of_a_plain_definition():
    assert told() == ""


@pytest.mark.parametrize(
    ("request_", "environment"),
    [({"taskRoleArn": "arn:aws:iam::123456789012:role/digits"}, []), ({}, S3)],
)
def test_who_needs_credentials_and_gets_none_is_told_the_way(request_, environment):
    assert CREDENTIALS in told(request_, environment=environment)
    given = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}
    assert CREDENTIALS not in told(request_, environment=environment, variables=given)


@pytest.mark.parametrize("value", ["/opt/ml/archive.tar.gz", ""])
def test_a_model_on_disk_needs_no_credentials(value):
    assert CREDENTIALS not in told(environment=[{"name": "MODEL_URI", "value": value}])


def test_a_container_without_a_check_matters_where_health_is_waited_for():
    check = {"command": ["CMD", "true"]}
    assert UNCHECKED in told(wait=Wait.HEALTHY)
    assert UNCHECKED not in told(wait=Wait.HEALTHY, healthCheck=check)


def test_what_ecs_would_not_place_and_what_is_pretended_are_told():
    lines = told({"cpu": "8192"}, simulated="inf1.xlarge").splitlines()
    assert lines == [
        "note: ECS would not place them all: they want 8192 cpu units, inf1.xlarge has about 4096",
        "note: SIMULATED: the chips of inf1.xlarge are null devices",
    ]


def test_an_endpoint_on_this_machine_is_none_in_a_container():
    local = {"AWS_ENDPOINT_URL": "http://localhost:5000"}
    assert "note: AWS_ENDPOINT_URL is an address of this machine" in told(variables=local)
    assert told({"networkMode": "host"}, variables=local) == ""
