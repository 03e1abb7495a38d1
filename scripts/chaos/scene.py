"""What an injection works with, and what it gives back."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

from chaos.answers import Ledger
from chaos.forms import Target
from chaos.place import Place
from chaos.processes import Family
from neuronserve import state as states

POLL_SECONDS = 0.05


@dataclasses.dataclass(frozen=True)
class Scene:
    """``deadline``: the service's, in seconds; ``in_flight``: how many requests it admits."""

    port: int
    family: Family
    place: Place
    ledger: Ledger
    targets: tuple[Target, ...]
    deadline: float
    in_flight: int
    max_body: int

    @property
    def patience(self) -> float:
        """Seconds after which a request hangs."""
        return self.deadline + 1.0

    @property
    def runtime(self) -> Path:
        return self.place.runtime

    def state(self) -> states.State:
        return states.Reader(self.runtime / "state.json").current()


@dataclasses.dataclass(frozen=True)
class Harm:
    """What was done. ``front``: connections may have been reset; ``notes``: what must not have been seen.

    ``found``: whether the service noticed a process that was frozen for good.
    """

    victims: tuple[str, ...] = ()
    front: bool = False
    found: bool = True
    notes: tuple[str, ...] = ()
    impossible: str = ""


def wait(condition: Callable[[], bool], seconds: float, poll: float = POLL_SECONDS) -> bool:
    """Whether the condition came true within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(poll)
    return True
