"""From what each part does to the one state of the service. Pure."""

from __future__ import annotations

import dataclasses

from neuronserve import state as states
from neuronserve.state import Model, Server, State


@dataclasses.dataclass(frozen=True)
class Condition:
    """All that the state follows from.

    ``step`` and ``detail`` tell how far getting and loading the model is. ``front_up`` and
    ``gateway_up``: nginx and gunicorn answer. ``ending`` is ``draining``, ``failed`` or empty.
    """

    step: str = "settings"
    detail: str = ""
    front_up: bool = False
    gateway_up: bool = False
    servers: tuple[Server, ...] = ()
    models: tuple[Model, ...] = ()
    default_model: str = ""
    kind: str = ""
    was_ready: bool = False
    ending: str = ""

    def state(self) -> State:
        word, step, detail = self._word()
        return State(
            state=word,
            step=step,
            detail=detail,
            servers=self.servers,
            models=self.models,
            default_model=self.default_model,
            kind=self.kind,
        )

    def _word(self) -> tuple[str, str, str]:
        """State, step and detail."""
        if self.ending:
            return self.ending, self.step, self.detail
        up = sum(server.state == states.READY for server in self.servers)
        count = len(self.servers)
        how_many = f"{up} of {count} model servers are ready" if count else ""
        if not self.was_ready:
            return self._first_start(up, how_many)
        if not self.front_up:
            return states.STARTING, "restarting nginx", ""
        if not self.gateway_up:
            return states.STARTING, "restarting the gateway", ""
        if up == 0:
            return states.STARTING, "restarting model server", how_many
        if up < count:
            return states.DEGRADED, "restarting model server", how_many
        return states.READY, "", ""

    def _first_start(self, up: int, how_many: str) -> tuple[str, str, str]:
        if not self.servers or up < len(self.servers):
            return states.STARTING, self.step, how_many or self.detail
        if not (self.front_up and self.gateway_up):
            return states.STARTING, "starting the gateway", ""
        return states.READY, "", ""
