"""The checks of ``scripts/check``, by name, in the order they run.

A check takes nothing and returns what is wrong, as text; an empty text means that all is well. One that needs
what this machine cannot reach raises Skipped, which fails nothing and is said.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence

from checks import nginx, security, sources, tools

CHECKS: dict[str, Callable[[], str]] = {
    "ruff": tools.ruff,
    "format": tools.ruff_format,
    "types": tools.types,
    "script-types": tools.script_types,
    "layers": tools.layers,
    "edges": sources.edges,
    "shell": tools.shell,
    "dockerfile": tools.dockerfile,
    "nginx": nginx.accepts,
    "nginx-lint": nginx.lint,
    "locks": sources.locks,
    "words": sources.words,
    "tables": tools.tables,
    "bandit": security.bandit,
    "checkov": security.checkov,
    "pip-audit": security.pip_audit,
}


def run(names: Sequence[str]) -> int:
    """Run the checks, a line each; 1 when any found something."""
    outcomes = [_outcome(name) for name in names]
    skipped = f", {outcomes.count('skip')} skipped" if "skip" in outcomes else ""
    print(f"{outcomes.count('ok')} of {len(names)} checks passed{skipped}")
    return 1 if "FAIL" in outcomes else 0


def _outcome(name: str) -> str:
    """Run one check and print its line, and what it says: ``ok``, ``skip`` or ``FAIL``."""
    began = time.monotonic()
    outcome, text = "ok", ""
    try:
        text = CHECKS[name]().strip()
        outcome = "FAIL" if text else "ok"
    except tools.Skipped as why:
        outcome, text = "skip", str(why)
    colour = {"ok": 32, "skip": 33, "FAIL": 31}[outcome]
    print(f"{_coloured(outcome.ljust(4), colour)} {name:<14}{time.monotonic() - began:5.1f} s", flush=True)
    if text:
        print("".join(f"     {line}\n" for line in text.splitlines()), flush=True)
    return outcome


def _coloured(word: str, colour: int) -> str:
    shown = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return f"\x1b[{colour}m{word}\x1b[0m" if shown else word
