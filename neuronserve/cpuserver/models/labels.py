"""Version labels: names for versions, such as ``stable`` and ``canary``."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from neuronserve.cpuserver.models.config import ModelConfig
from neuronserve.cpuserver.models.states import State, VersionStatus
from neuronserve.cpuserver.status import invalid, precondition


class Statuses(Protocol):
    """Where the states of versions are known."""

    def statuses(self, name: str) -> list[VersionStatus]: ...


class Labels:
    """Label -> version, by model. Changed as a whole, or not at all."""

    def __init__(self, *, allow_unavailable: bool) -> None:
        """``allow_unavailable``: a label that is new may name a version that does not serve (yet)."""
        self._allow_unavailable = allow_unavailable
        self._lock = threading.Lock()
        self._versions: Mapping[tuple[str, str], int] = {}

    def assign(self, configs: Sequence[ModelConfig], models: Statuses) -> None:
        """Take the labels of these models.

        FAILED_PRECONDITION when one names a version that does not serve.
        """
        with self._lock:
            versions: dict[tuple[str, str], int] = {}
            for config in configs:
                serving = {
                    status.version
                    for status in models.statuses(config.name)
                    if status.state is State.AVAILABLE
                }
                for label, version in config.labels.items():
                    self._check(config.name, label, version, serving)
                    versions[config.name, label] = version
            self._versions = versions

    def _check(self, name: str, label: str, version: int, serving: set[int]) -> None:
        moves = self._versions.get((name, label), version) != version
        if version not in serving and (moves or not self._allow_unavailable):
            raise precondition(
                f"Request to assign label to version {version} of model {name}, "
                "which is not currently available for inference"
            )

    def version(self, name: str, label: str) -> int:
        """The version of a label; INVALID_ARGUMENT when there is no such label."""
        try:
            return self._versions[name, label]
        except KeyError:
            raise invalid(f"Unrecognized servable version label: {label}") from None
