"""The health check: ``/ping``, asked by a program of the image, patient while the model loads."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

COMMAND = ("CMD", "python", "-m", "neuronserve.healthcheck")
TIMEOUT = 5  # seconds; the program itself gives up after 2
INTERVAL, MAX_INTERVAL = 10, 300
RETRIES, MAX_RETRIES = 3, 10
MAX_START_PERIOD = 300
LONGEST_LOAD = MAX_START_PERIOD + (MAX_RETRIES - 1) * MAX_INTERVAL


@dataclasses.dataclass(frozen=True)
class HealthCheck:
    """All in seconds, but ``retries``."""

    interval: int
    retries: int
    start_period: int

    @property
    def patience(self) -> int:
        """How long a container may surely take to become healthy."""
        return self.start_period + (self.retries - 1) * self.interval

    def document(self) -> dict[str, Any]:
        return {
            "command": list(COMMAND),
            "interval": self.interval,
            "timeout": TIMEOUT,
            "retries": self.retries,
            "startPeriod": self.start_period,
        }


def for_load(seconds: int) -> HealthCheck:
    """A check that calls no container unhealthy that takes so long to load.

    ECS bounds the start period at 300 s; what is over is covered by failures that do not count yet: the
    first may come at once after it, so that ``retries - 1`` intervals are sure. Above LONGEST_LOAD no numbers
    in ECS's ranges suffice: the longest are taken, and a service needs its own grace period.
    """
    rest = min(seconds, LONGEST_LOAD) - MAX_START_PERIOD
    if rest <= 0:
        return HealthCheck(INTERVAL, RETRIES, seconds)
    interval = max(INTERVAL, math.ceil(rest / (MAX_RETRIES - 1)))
    retries = max(RETRIES, math.ceil(rest / interval) + 1)
    return HealthCheck(interval, retries, MAX_START_PERIOD)
