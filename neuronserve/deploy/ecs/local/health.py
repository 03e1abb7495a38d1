"""Whether a container is healthy, counted as Docker counts for the agent."""

from __future__ import annotations

from enum import StrEnum

from neuronserve.deploy.ecs.agent.checks import Check


class Status(StrEnum):
    """The words of ECS's DescribeTasks."""

    UNKNOWN = "UNKNOWN"
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"


class Health:
    """Results of checks in, a status out. ``started``: when the container was; times in seconds."""

    def __init__(self, check: Check, started: float) -> None:
        self._check = check
        self._grace_ends = started + check.start_period
        self._failures = 0
        self.status = Status.UNKNOWN
        self.due = started + check.interval

    def result(self, *, ok: bool, now: float) -> None:
        """A check ended. Failures count after the start period, or once one has succeeded."""
        self.due = now + self._check.interval
        if ok:
            self._failures, self.status = 0, Status.HEALTHY
            return
        if self.status is Status.UNKNOWN and now < self._grace_ends:
            return
        self._failures += 1
        if self._failures >= self._check.retries:
            self.status = Status.UNHEALTHY
