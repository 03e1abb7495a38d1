from __future__ import annotations

import pytest

from tests.stored_models import Getter


@pytest.fixture
def get(tmp_path):
    return Getter(tmp_path)
