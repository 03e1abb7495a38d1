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


class Peak:
    """The most memory that was seen, of all and since it was asked for."""

    def __init__(self) -> None:
        self.all = 0
        self._now = 0
        self._since = 0

    def see(self, resident: int) -> None:
        self._now = resident
        self._since = max(self._since, resident)
        self.all = max(self.all, resident)

    def since(self) -> int:
        """Bytes at most since the last call."""
        most, self._since = self._since, self._now
        return most


@dataclasses.dataclass(frozen=True)
class Scene:
    """``deadline``: the service's, in seconds; ``in_flight``: how many requests it admits.

    ``max_body``: bytes of the largest body that it takes; ``peak``: of the RSS of all its processes.
    """

    port: int
    family: Family
    place: Place
    ledger: Ledger
    targets: tuple[Target, ...]
    deadline: float
    in_flight: int
    max_body: int
    peak: Peak = dataclasses.field(default_factory=Peak)

    @property
    def patience(self) -> float:
        """Seconds after which a request hangs."""
        return self.deadline + 1.0

    @property
    def runtime(self) -> Path:
        return self.place.runtime

    def state(self) -> states.State:
        """As published; ``starting`` where it cannot be read, as in the moment in which it is written."""
        try:
            return states.Reader(self.runtime / "state.json").current()
        except (OSError, ValueError):
            return states.State()


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
