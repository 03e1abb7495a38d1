"""Whether a model server serves its models: asked with GetModelStatus, answered in one value."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from neuronserve.errors import NeuronserveError, UnknownTarget
from neuronserve.modelserver import status
from neuronserve.modelserver.client import STATUS, Client


@dataclasses.dataclass(frozen=True)
class Readiness:
    """``ready``: every version asked for is AVAILABLE. ``failed``: why one never will be.

    ``answered`` tells a server that is busy loading from one that does not answer at all.
    """

    ready: bool
    answered: bool = True
    failed: str = ""


class Probe:
    """Asks one server."""

    def __init__(self, target: str) -> None:
        self._client = Client(target)

    def available(self, models: Mapping[str, Sequence[int]], timeout: float) -> Readiness:
        """Whether all versions of all ``models`` (name -> versions) are AVAILABLE; never raises."""
        for model, versions in models.items():
            try:
                answer = self._client.call(STATUS, status.request(model), timeout)
            except UnknownTarget:
                return Readiness(ready=False)  # it answers, and has not begun to load this one
            except NeuronserveError:
                return Readiness(ready=False, answered=False)
            found = status.response(answer)
            for version in versions:
                one = found.get(version, status.Version("UNKNOWN"))
                if one.state == "END" and one.error:
                    return Readiness(ready=False, failed=f"{model} version {version}: {one.error}")
                if one.state != "AVAILABLE":
                    return Readiness(ready=False)
        return Readiness(ready=True)
