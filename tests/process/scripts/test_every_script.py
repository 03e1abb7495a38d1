"""What holds for each program in scripts/."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAMS = sorted(
    p.name for p in (ROOT / "scripts").iterdir() if p.is_file() and not p.suffix and os.access(p, os.X_OK)
)


def test_there_are_programs():
    assert {"run", "test", "check", "image", "image-test", "settings-table", "lock"} <= set(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_is_there_and_changes_nothing(script, name):
    done = script(name, "--help")
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_asks_for_the_python_that_the_locks_are_made_for(name):
    assert (ROOT / "scripts" / name).read_text().startswith("#!/usr/bin/env python3.11\n")
