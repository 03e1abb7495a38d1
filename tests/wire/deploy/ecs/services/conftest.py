"""A desk at an ECS whose rollouts are scripted."""

from __future__ import annotations

import io
import json

import botocore.endpoint
import pytest

from neuronserve.deploy import program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.verbs import deploy_service
from tests.clocks import FakeClock
from tests.deploying.ecs_rollouts import DEFINITION, PretendEcs
from tests.stored_models import isolate


@pytest.fixture
def ecs(tmp_path, monkeypatch):
    pretended = PretendEcs()
    with pretended.front.serving(pretended) as url:
        isolate(monkeypatch, tmp_path, AWS_ENDPOINT_URL=url)
        monkeypatch.setattr(botocore.endpoint.time, "sleep", lambda _: None)  # between the SDK's own tries
        yield pretended


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def desk(ecs, clock):
    return Desk(aws=Aws(region="us-east-1"), out=io.StringIO(), err=io.StringIO(), clock=clock, environ={})


@pytest.fixture
def deploy(desk):
    """Runs the verb in cluster c; its exit code, its result (None: none), and what it said."""

    def run(*words):
        for stream in (desk.out, desk.err):
            stream.seek(0)
            stream.truncate()
        code = program.single("deploy-service", deploy_service, [*map(str, words), "--cluster", "c"], desk)
        out = desk.out.getvalue()
        return code, json.loads(out) if out else None, desk.err.getvalue()

    return run


@pytest.fixture
def file(tmp_path):
    """Writes definitions of these families to a file; its name."""

    def write(*families, **more):
        path = tmp_path / "definitions.json"
        found = [{"family": family, **DEFINITION, **more} for family in families]
        path.write_text(json.dumps(found if len(found) > 1 else found[0]))
        return path

    return write
