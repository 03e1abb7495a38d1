"""The verbs of ``scripts/compile-model``, one module each (``deploy/program.py``)."""

from __future__ import annotations

import importlib
from typing import cast

from neuronserve.deploy.program import Verb

NEO = ("run", "describe", "list", "stop")


def load(names: tuple[str, ...] = NEO) -> dict[str, Verb]:
    """The verbs by name."""
    return {name: cast("Verb", importlib.import_module(f"{__name__}.{name}")) for name in names}
