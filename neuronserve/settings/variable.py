"""How a setting is declared: a field whose metadata say how its environment variable is read."""

from __future__ import annotations

import dataclasses
from typing import Any

from neuronserve.environment import Parse, Variable


def variable(name: str, parse: Parse, default: str, meaning: str, *, unit: str = "", group: str) -> Any:
    """A field of a frozen dataclass; an empty ``default`` means "not set", which is None."""
    return dataclasses.field(metadata={"var": Variable(name, parse, default, unit, meaning, group)})
