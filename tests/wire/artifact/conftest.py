from __future__ import annotations

import pytest

from tests.rude_store import RudeStore
from tests.stored_models import Getter, isolate


@pytest.fixture
def get(tmp_path):
    return Getter(tmp_path)


@pytest.fixture
def store(tmp_path, monkeypatch):
    with RudeStore().running() as running:
        isolate(monkeypatch, tmp_path, AWS_ENDPOINT_URL=running.url)
        yield running
