"""Which container of a task waits for which, and who restarts."""

from __future__ import annotations

import dataclasses
import graphlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from neuronserve.deploy.ecs.agent import network, storage
from neuronserve.errors import InvalidInput

STOP_TIMEOUT = 30  # seconds, the agent's own where a container has none
_ATTEMPT_PERIOD = 300


class Condition(StrEnum):
    START = "START"
    COMPLETE = "COMPLETE"
    SUCCESS = "SUCCESS"
    HEALTHY = "HEALTHY"


@dataclasses.dataclass(frozen=True)
class Restart:
    """When the agent starts an ended container again. ``period``: seconds that it must have run."""

    enabled: bool = False
    ignored: frozenset[int] = frozenset()
    period: int = _ATTEMPT_PERIOD

    def refused(self, code: int, ran: float) -> str:
        """Why a container that ended with ``code`` after ``ran`` seconds is not started; empty: it is."""
        if not self.enabled:
            return "it has no restart policy"
        if code in self.ignored:
            return f"the restart policy ignores exit code {code}"
        if ran < self.period:
            return f"it ran {ran:.0f} s; the restart policy asks for {self.period}"
        return ""


def restart(container: Mapping[str, Any]) -> Restart:
    given = container.get("restartPolicy") or {}
    return Restart(
        enabled=bool(given.get("enabled")),
        ignored=frozenset(given.get("ignoredExitCodes") or ()),
        period=given.get("restartAttemptPeriod") or _ATTEMPT_PERIOD,
    )


def stop_timeout(container: Mapping[str, Any]) -> int:
    """Seconds from SIGTERM to SIGKILL."""
    given = container.get("stopTimeout")
    return STOP_TIMEOUT if given is None else int(given)


def dependencies(request: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, Condition]:
    """The containers it waits for: those of dependsOn, and those whose network, mounts or name it needs."""
    found = dict.fromkeys(_needed(request, container), Condition.START)
    for one in container.get("dependsOn") or ():
        found[one["containerName"]] = Condition(one["condition"])
    return found


def starting(request: Mapping[str, Any]) -> tuple[str, ...]:
    """All containers' names, each after those it waits for.

    Raises InvalidInput for a name that is there twice, a dependency on nothing, or a circle of them.
    """
    containers = request["containerDefinitions"]
    names = [c["name"] for c in containers]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InvalidInput(f"{request['family']}: two containers are called {twice}")
    graph = {c["name"]: dependencies(request, c) for c in containers}
    for name, needs in graph.items():
        for other, condition in needs.items():
            _must_be(request, name, other, condition)
    try:
        return tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        raise InvalidInput(
            f"{request['family']}: containers wait for each other: {' -> '.join(error.args[1])}",
            hint="remove a dependsOn",
        ) from None


def _needed(request: Mapping[str, Any], container: Mapping[str, Any]) -> list[str]:
    joined = network.of(request, container).joined
    links = [link.partition(":")[0] for link in container.get("links") or ()]
    return [*([joined] if joined else []), *links, *(n for n, _ in storage.of(request, container).borrowed)]


def _must_be(request: Mapping[str, Any], name: str, other: str, condition: Condition) -> None:
    found = next((c for c in request["containerDefinitions"] if c["name"] == other), None)
    where = f"{request['family']}: container {name} waits for {other}"
    if found is None:
        raise InvalidInput(f"{where}, which the task has not")
    if condition is Condition.HEALTHY and not found.get("healthCheck"):
        raise InvalidInput(f"{where} to be HEALTHY, which has no healthCheck", hint="ECS refuses that too")
    if condition in (Condition.COMPLETE, Condition.SUCCESS) and found.get("essential", True):
        raise InvalidInput(
            f"{where} to end ({condition}), which is essential: its end is the task's",
            hint='"essential": false',
        )
