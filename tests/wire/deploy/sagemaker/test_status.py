"""`scripts/sagemaker status` against moto."""

from __future__ import annotations

import json
import time

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.sagemaker.verbs import status
from tests.wire.deploy.sagemaker import furnished


@pytest.fixture
def run(desk):
    return lambda *argv: program.main("scripts/sagemaker", "", {"status": status}, ["status", *argv], desk)


def written(cloud, *lines):
    """The container's log."""
    group, stream = "/aws/sagemaker/Endpoints/digits", "AllTraffic/i-0123"
    cloud.logs.create_log_group(logGroupName=group)
    cloud.logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now + at, "message": line} for at, line in enumerate(lines)]
    cloud.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def test_variants_events_and_the_end_of_the_log_are_told(cloud, desk, run):
    furnished.endpoint(cloud)
    written(cloud, "first", "state: ready")
    assert run("digits", "--lines", "1") == exits.YES
    said = desk.out.getvalue()
    assert said.startswith("digits: InService, configuration digits\n")
    assert "variant AllTraffic: 1 of 1 instances, ml.inf1.xlarge, model digits" in said
    assert "the endpoint was created" in said
    assert "state: ready" in said
    assert "first" not in said


def test_a_machine_gets_what_sagemaker_says_and_the_rest_beside_it(cloud, desk, run):
    furnished.endpoint(cloud)
    assert run("digits", "--output", "json") == exits.YES
    told = json.loads(desk.out.getvalue())
    assert told["EndpointStatus"] == "InService"
    assert told["Log"] == ["no log in /aws/sagemaker/Endpoints/digits: nothing was written there"]
    assert told["Events"]


def test_an_endpoint_that_is_not_there_is_told(cloud, desk, run):
    assert run("absent") == exits.NO
    assert "there is no endpoint 'absent'" in desk.err.getvalue()
