"""Checks that other programs make."""

from __future__ import annotations

import os
import subprocess
import sys

import _workshop


class Skipped(Exception):
    """A check could not be made here; the message says why."""


def said(*command: str, **environ: str) -> str:
    """What a program said when it failed, and nothing when it did not."""
    done = subprocess.run(
        command,
        cwd=_workshop.ROOT,
        env={**os.environ, "NO_COLOR": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout.strip() or f"exit code {done.returncode}"


def tracked(*patterns: str) -> list[str]:
    """The files that belong to the project, new ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=_workshop.ROOT, capture_output=True, text=True, check=True)
    return sorted(name for name in listed.stdout.splitlines() if (_workshop.ROOT / name).is_file())


def ruff() -> str:
    """ruff's wide selection of rules"""
    return said("ruff", "check", "--quiet", "--output-format", "concise", ".")


def ruff_format() -> str:
    """ruff's formatting"""
    return said("ruff", "format", "--check", "--quiet", "--output-format", "concise", ".")


def types() -> str:
    """mypy --strict on the package"""
    return said("mypy", "--no-error-summary")


def script_types() -> str:
    """mypy --strict on what the scripts import, and on each script"""
    programs = [name for name in tracked("scripts/*") if _starts_with(name, b"#!", b"python3.11\n")]
    command = ["mypy", "--strict", "--no-error-summary", "--scripts-are-modules", "--explicit-package-bases"]
    return said(*command, *tracked("scripts/*.py"), *programs, MYPYPATH="scripts:.")


def layers() -> str:
    """import-linter: dependencies go one way"""
    return said("lint-imports", "--no-cache")


def shell() -> str:
    """shellcheck on every shell script"""
    scripts = [name for name in tracked() if _starts_with(name, b"#!", b"sh\n")]
    return said("shellcheck", *scripts) if scripts else ""


def dockerfile() -> str:
    """hadolint on the Dockerfile"""
    return said("hadolint", "--no-color", "Dockerfile")


def tables() -> str:
    """the tables of README.md and docs/ are those of the code"""
    return said(sys.executable, "scripts/settings-table", "--check")


def _starts_with(name: str, begin: bytes, end: bytes) -> bool:
    """Whether the file's first line is a program's, such as ``#!/usr/bin/env bash``."""
    with (_workshop.ROOT / name).open("rb") as file:
        first = file.readline(80)
    return first.startswith(begin) and first.endswith(end)
