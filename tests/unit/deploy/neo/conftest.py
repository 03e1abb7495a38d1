"""scripts/compile-model run at a desk without AWS, but with the eyes of the container's half."""

from __future__ import annotations

import types

import pytest

from neuronserve.artifact.inspect import uncompiled
from neuronserve.deploy import program
from neuronserve.deploy.neo import verbs

ROLE = "arn:aws:iam::123456789012:role/neo"


@pytest.fixture
def compile_model(desk_with):
    """``compile_model("run", "folder", ...)``: exit code, what was printed, what was said."""
    region = types.SimpleNamespace(region="us-east-1", region_if_known="us-east-1")
    desk = desk_with(aws=region, uncompiled=uncompiled.read)

    def run(verb, *words, role=ROLE, places=("--bucket", "models")):
        more = ["--role", role, *places] if verb == "run" else []
        code = program.main("compile-model", "", verbs.load(), [verb, *map(str, words), *more], desk)
        found = types.SimpleNamespace(code=code, out=desk.out.getvalue(), err=desk.err.getvalue())
        for stream in (desk.out, desk.err):
            stream.seek(0)
            stream.truncate()
        return found

    return run
