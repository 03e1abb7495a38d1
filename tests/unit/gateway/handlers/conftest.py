"""Loading a model's code changes the process: it is put back after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import modelcode

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def put_back(tmp_path: Path) -> Iterator[None]:
    with modelcode.put_back(tmp_path):
        yield


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files of a model's code (``lib__x`` is lib/x.py); the folder."""

    def make(name: str = "code", **files: str) -> Path:
        return modelcode.write(tmp_path / name, **files)

    return make
