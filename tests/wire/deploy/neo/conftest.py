"""A pretended Neo beside moto's S3, and the verbs of scripts/compile-model at both."""

from __future__ import annotations

import contextlib
import io
import types

import pytest

from neuronserve.artifact.inspect import uncompiled
from neuronserve.deploy import program
from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.neo import verbs
from tests.clocks import FakeClock
from tests.deploying.neo_jobs import PretendNeo
from tests.deploying.uncompiled_models import saved_model

ROLE = "arn:aws:iam::123456789012:role/neo"
RUN = ("--target", "ml_inf1", "--bucket", "models", "--role", ROLE)


@pytest.fixture
def neo(cloud, session, monkeypatch):
    """``neo("STARTING", "FAILED", reason=...)`` -> the pretended service, serving."""
    cloud.session = session
    cloud.s3.create_bucket(Bucket="models")
    with contextlib.ExitStack() as stack:

        def start(*script, **more):
            made = PretendNeo(*script, **more)
            monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", stack.enter_context(made.front.serving(made)))
            return made

        yield start


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture(scope="module")
def session():
    """Reading SageMaker's model takes botocore a second: once is enough."""
    return Aws(region="us-east-1").session


@pytest.fixture
def typed(clock, session):
    """Type a command; its exit code, what it printed and what it said."""
    aws = Aws(region="us-east-1")
    aws.session = session

    def run(*argv):
        desk = Desk(
            aws=aws, out=io.StringIO(), err=io.StringIO(), clock=clock, environ={}, uncompiled=uncompiled.read
        )
        code = program.main("compile-model", "", verbs.load(), [str(word) for word in argv], desk)
        return types.SimpleNamespace(code=code, out=desk.out.getvalue(), err=desk.err.getvalue())

    return run


@pytest.fixture
def resnet(tmp_path):
    return saved_model(tmp_path / "resnet" / "1", {"image": (-1, 224, 224, 3)})
