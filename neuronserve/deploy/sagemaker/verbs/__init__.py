"""The verbs of ``scripts/sagemaker``, one module each (``deploy/program.py``)."""

from __future__ import annotations

import importlib
from typing import cast

from neuronserve.deploy.program import Verb

SAGEMAKER = (
    "deploy", "status", "invoke", "autoscale", "batch", "delete", "local", "marketplace-check",
)  # fmt: skip


def load(names: tuple[str, ...] = SAGEMAKER) -> dict[str, Verb]:
    """The verbs by name."""
    return {
        name: cast("Verb", importlib.import_module(f"{__name__}.{name.replace('-', '_')}")) for name in names
    }
