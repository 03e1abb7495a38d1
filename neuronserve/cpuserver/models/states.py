"""The life of a version of a model, as GetModelStatus tells it."""

from __future__ import annotations

import dataclasses
import enum

from neuronserve.cpuserver.status import StatusError


class State(enum.IntEnum):
    """Numbered as ``ModelVersionStatus.State``."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclasses.dataclass(frozen=True)
class VersionStatus:
    """A version's state; ``error`` says why it ended when it could not be loaded."""

    version: int
    state: State
    error: StatusError | None = None


def show(name: str, version: int) -> str:
    """A servable's id as TF Serving writes it in logs and errors."""
    return f"{{name: {name} version: {version}}}"
