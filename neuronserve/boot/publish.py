"""The supervisor's knowledge, written where the others look.

``state.json``  for the gateway's workers (``neuronserve/state.py``)
``.ping.json``  what nginx answers to ``/ping`` while the service does not serve
``serving``     exists exactly while requests are taken: nginx asks for it at each ping and request

All of them can be changed on a full disk: the files have their space from the start, and ``serving`` only
changes its name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from pathlib import Path

from neuronserve import state as states
from neuronserve.reservedfile import PAGE, ReservedFile
from neuronserve.state import State

_STATE_BYTES = 16 * PAGE  # of some hundred models; more are written where there is room
_LONGEST_DETAIL = 300  # characters, where the whole of it has no room in a page


class Publisher:
    """The sole writer.

    ``generation``, which grows when models or servers change, and ``since`` are its business.
    """

    def __init__(self, runtime: Path) -> None:
        self._state_file = ReservedFile(runtime / "state.json", _STATE_BYTES)
        self._ping_file = ReservedFile(runtime / ".ping.json")
        self._serving = runtime / "serving"
        self._not_serving = runtime / "serving.partial"
        self._written: State | None = None

    @property
    def state(self) -> State:
        """What was published last, whole."""
        return self._written or State()

    def reserve(self) -> None:
        """Take the space that publishing needs. Raises OSError."""
        self._state_file.reserve()
        self._ping_file.reserve()
        if not self._serving.exists():
            self._not_serving.touch()

    def publish(self, state: State) -> bool:
        """Make the disk say this; whether it is news, to those who read it or to the disk.

        What the disk has is looked at, not remembered: a write that failed half way, and a file that somebody
        removed, are made good. Nobody is ever told to serve before all files say so. Raises OSError.
        """
        before = self.state
        changed = (state.models, state.servers) != (before.models, before.servers)
        state = dataclasses.replace(state, generation=before.generation + changed, since=before.since)
        if state == self._written and self._is_on_disk():
            return False
        if not state.serving:
            self._unmark()
        # before the state: whoever has read that the service stops must not hear "ready" from nginx
        self._ping_file.write(_ping(state))
        if state.state != before.state or not self._written:
            # after nginx was told: what it let in arrived before this moment
            state = dataclasses.replace(state, since=time.time())
        states.write(self._state_file, state)
        if state.serving:
            self._mark()
        self._written = state
        return True

    def _is_on_disk(self) -> bool:
        """Whether the disk has what was published last: three ``stat`` calls."""
        return (
            self._ping_file.is_as_written()
            and self._state_file.is_as_written()
            and self._serving.exists() == self.state.serving
        )

    def _mark(self) -> None:
        if self._serving.exists():
            return
        try:
            self._not_serving.rename(self._serving)
        except FileNotFoundError:
            self._serving.touch()

    def _unmark(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._serving.rename(self._not_serving)


def _ping(state: State) -> bytes:
    """At most a page: a longer one would need room."""
    told = dict(states.summary(state))
    text = _as_json(told)
    if len(text) > PAGE:
        text = _as_json(told | {"detail": state.detail[:_LONGEST_DETAIL]})
    return text


def _as_json(told: dict[str, object]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
