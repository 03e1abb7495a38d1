"""The checks of ``scripts/check``, by name, in the order they run.

A check takes nothing and returns what is wrong, as text; an empty text means that all is well.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence

from checks import nginx, sources, tools

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
}


def run(names: Sequence[str]) -> int:
    """Run the checks, a line each; 1 when any found something."""
    failed = [name for name in names if not _passes(name)]
    print(f"{len(names) - len(failed)} of {len(names)} checks passed")
    return 1 if failed else 0


def _passes(name: str) -> bool:
    began = time.monotonic()
    wrong = CHECKS[name]().strip()
    word = _coloured("FAIL", 31) if wrong else _coloured("ok", 32) + "  "
    print(f"{word} {name:<14}{time.monotonic() - began:5.1f} s", flush=True)
    if wrong:
        print("".join(f"     {line}\n" for line in wrong.splitlines()), flush=True)
    return not wrong


def _coloured(word: str, colour: int) -> str:
    shown = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return f"\x1b[{colour}m{word}\x1b[0m" if shown else word
