"""From what each part does to the one state of the service. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from neuronserve import state as states
from neuronserve.state import Model, Server, State


@dataclasses.dataclass(frozen=True)
class Condition:
    """All that the state follows from.

    ``step`` and ``detail`` tell how far getting and loading the model is. ``front_up`` and
    ``gateway_up``: nginx and gunicorn answer. ``ending`` is ``draining``, ``failed`` or empty.
    ``disk``: what is wrong with the disk of the runtime folder.
    """

    step: str = "settings"
    detail: str = ""
    front_up: bool = False
    gateway_up: bool = False
    servers: tuple[Server, ...] = ()
    models: tuple[Model, ...] = ()
    default_model: str = ""
    multi_model: bool = False
    kind: str = ""
    simulated: bool = False
    ownership: Mapping[str, Any] | None = None
    was_ready: bool = False
    ending: str = ""
    disk: str = ""

    def state(self) -> State:
        word, step, detail = self._word()
        return State(
            state=word,
            step=step,
            detail=detail,
            servers=self.servers,
            models=self.models,
            default_model=self.default_model,
            multi_model=self.multi_model,
            kind=self.kind,
            simulated=self.simulated,
            ownership=self.ownership,
            disk=self.disk,
        )

    def _word(self) -> tuple[str, str, str]:
        """State, step and detail."""
        if self.ending:
            return self.ending, self.step, self.detail
        up = [server for server in self.servers if server.state == states.READY]
        count = len(self.servers)
        how_many = f"{len(up)} of {count} model servers are ready" if count else ""
        waits = next((server.waits for server in self.servers if server.waits), "")
        how_many += f"; {waits}" if waits else ""
        # until each model has a server of its own, requests would be turned away at random
        covered = bool(up) and all(any(server.serves(model.name) for server in up) for model in self.models)
        if not self.was_ready:
            return self._first_start(how_many, covered=covered, complete=len(up) == count)
        if not self.front_up:
            return states.STARTING, "restarting nginx", ""
        if not self.gateway_up:
            return states.STARTING, "restarting the gateway", ""
        if not up:
            return states.STARTING, "restarting model server", how_many
        if len(up) < count:
            loading = any(server.state == states.STARTING for server in self.servers)
            return (
                states.DEGRADED,
                "load" if loading else "restarting model server",
                how_many,
            )
        return states.READY, "", ""

    def _first_start(self, how_many: str, *, covered: bool, complete: bool) -> tuple[str, str, str]:
        if not covered:
            return states.STARTING, self.step, how_many or self.detail
        if not (self.front_up and self.gateway_up):
            return states.STARTING, "starting the gateway", ""
        return (states.READY, "", "") if complete else (states.DEGRADED, self.step, how_many)
