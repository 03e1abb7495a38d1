"""The scripts' own modules, importable, and a way to start a script as a person does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def scripts_on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))


@pytest.fixture
def script():
    """``script("run", "--once")`` -> the finished process."""

    def start(name, *words, **environ):
        return subprocess.run(
            [sys.executable, f"scripts/{name}", *words],
            cwd=ROOT,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return start
