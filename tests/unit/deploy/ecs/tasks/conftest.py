"""A desk at an AWS that the test scripts."""

from __future__ import annotations

import pytest

from tests.stored_models import isolate
from tests.unit.deploy.ecs.tasks.scripted import Scripted


@pytest.fixture
def scripted(monkeypatch, tmp_path, desk_with):
    """``desk, aws = scripted(RunTask={...})``."""
    isolate(monkeypatch, tmp_path)

    def start(**answers):
        aws = Scripted(**answers)
        return desk_with(aws=aws.aws), aws

    return start
