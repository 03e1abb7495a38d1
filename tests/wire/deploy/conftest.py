"""AWS, over HTTP, as moto's server plays it; empty for each test."""

from __future__ import annotations

import io

import pytest
import requests
from moto.server import ThreadedMotoServer

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.desk import Desk
from tests.clocks import FakeClock
from tests.stored_models import isolate

REGION = "us-east-1"


@pytest.fixture(scope="session")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloud(endpoint, tmp_path, monkeypatch):
    """The way to an AWS that is empty."""
    requests.post(f"{endpoint}/moto-api/reset", timeout=30)
    isolate(monkeypatch, tmp_path, AWS_ENDPOINT_URL=endpoint)
    yield Aws(region=REGION)
    requests.post(f"{endpoint}/moto-api/reset", timeout=30)


@pytest.fixture
def desk(cloud):
    """A desk at that AWS; ``desk.out.getvalue()`` is what was printed."""
    return Desk(aws=cloud, out=io.StringIO(), err=io.StringIO(), clock=FakeClock(), environ={})
