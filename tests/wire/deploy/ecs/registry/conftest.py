"""The verbs of task definitions, run at a desk of their own against moto."""

from __future__ import annotations

import dataclasses
import importlib
import io
import json

import pytest

from neuronserve.deploy import program


@dataclasses.dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture
def run(desk):
    """``run("diff", "a.json", aws=...)``: exit code and prints of a verb."""

    def run_verb(name, *words, aws=None):
        verb = importlib.import_module(f"neuronserve.deploy.ecs.verbs.{name}")
        fresh = dataclasses.replace(desk, out=io.StringIO(), err=io.StringIO(), aws=aws or desk.aws)
        code = program.single(name, verb, [str(word) for word in words], desk=fresh)
        return Ran(code, fresh.out.getvalue(), fresh.err.getvalue())

    return run_verb


@pytest.fixture
def written(tmp_path):
    def write(document, name="web.json"):
        path = tmp_path / name
        path.write_text(json.dumps(document))
        return path

    return write


def definition(family="web", **members):
    """One that `validate` finds no error in."""
    container = {"name": "app", "image": "example/app:1", "memory": 64, "essential": True, **members}
    return {"family": family, "containerDefinitions": [container]}


@pytest.fixture
def define():
    return definition


class Interposed:
    """A way to AWS whose ECS client does another thing for some operations."""

    def __init__(self, aws, **operations):
        self.ecs = Client(aws.ecs, operations)

    region = "us-east-1"


class Client:
    def __init__(self, client, operations):
        self._client = client
        self._operations = operations

    def __getattr__(self, name):
        return self._operations.get(name) or getattr(self._client, name)


@pytest.fixture
def interposed(cloud):
    return lambda **operations: Interposed(cloud, **operations)
