"""The verbs of ``scripts/task-definition`` and ``scripts/ecs``: one module each.

A verb reads its options, calls the builders beside this package, and prints. Its module has ``arguments`` and
``run`` (``deploy/program.py``), and its docstring is its help.
"""

from __future__ import annotations

import importlib
from typing import cast

from neuronserve.deploy.program import Verb

TASK_DEFINITION = ("render", "validate", "diff", "register", "init", "revisions", "prune", "verify")
ECS = ("run-task", "deploy-service", "scale", "status", "logs", "stop", "ami", "run-local")


def load(names: tuple[str, ...]) -> dict[str, Verb]:
    """The verbs by name."""
    package = __name__
    return {
        name: cast("Verb", importlib.import_module(f"{package}.{name.replace('-', '_')}")) for name in names
    }
