"""Loading a model's code changes the process: it is put back after each test."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    path, finders, modules = list(sys.path), list(sys.meta_path), dict(sys.modules)
    yield
    sys.path[:], sys.meta_path[:] = path, finders
    for name in [name for name in sys.modules if name not in modules]:
        del sys.modules[name]
    sys.modules.update(modules)
    importlib.invalidate_caches()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files of a model's code; the folder."""

    def make(name: str = "code", **files: str) -> Path:
        folder = tmp_path / name
        for dotted, text in files.items():
            file = folder / f"{dotted.replace('__', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return folder

    return make
