"""The supervisor's knowledge, written where the others look.

``state.json``  for the gateway's workers (``neuronserve/state.py``)
``.ping.json``  what nginx answers to ``/ping`` while the service does not serve
``serving``     exists exactly while requests are taken: nginx asks for it at each ping and request
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from pathlib import Path

from neuronserve import state as states
from neuronserve.state import State


class Publisher:
    """The sole writer.

    ``generation``, which grows when models or servers change, and ``since`` are its business.
    """

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime
        self._written: State | None = None

    @property
    def state(self) -> State:
        """What was published last."""
        return self._written or State()

    def publish(self, state: State) -> bool:
        """Whether it is news. Nobody is ever told to serve before all files say so."""
        before = self.state
        changed = (state.models, state.servers) != (before.models, before.servers)
        state = dataclasses.replace(state, generation=before.generation + changed, since=before.since)
        if state == self._written:
            return False
        serving = self._runtime / "serving"
        if not state.serving:
            serving.unlink(missing_ok=True)
        # before the state: whoever has read that the service stops must not hear "ready" from nginx
        self._replace(".ping.json", json.dumps(dict(states.summary(state)), ensure_ascii=False) + "\n")
        if state.state != before.state or not self._written:
            # after nginx was told: what it let in arrived before this moment
            state = dataclasses.replace(state, since=time.time())
        states.write(self._runtime / "state.json", state)
        if state.serving:
            serving.touch()
        self._written = state
        return True

    def _replace(self, name: str, text: str) -> None:
        partial = self._runtime / f"{name}.partial"
        partial.write_text(text)
        os.replace(partial, self._runtime / name)
