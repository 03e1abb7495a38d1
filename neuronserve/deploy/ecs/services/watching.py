"""Following a deployment until it ended: events as they come, progress when it moves, one verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.services import events, live, rollout, stopped
from neuronserve.deploy.ecs.services import unplaced as places
from neuronserve.deploy.ecs.services.rollout import Ending, Ours, Verdict
from neuronserve.errors import DeploymentFailed, NotPlaced, TimedOut

_EVERY = 5.0  # seconds
_SETTLES = 30.0  # seconds in which DescribeServices may still show what was before the call
_STILL = 3  # looks in a row at a deployment that lacks tasks, after which it is told what they wait for
_IN_VAIN = 2  # events of tasks without a place, with nothing left to make room, after which ECS is believed


def follow(
    desk: Desk, ours: Ours, *, seen: dict[str, Any] | None, definition: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """The service when the deployment is complete. Raises DeploymentFailed, NotPlaced, TimedOut.

    ``seen``: the service before the call, whose events are no news. ``definition``: what the tasks are.
    """
    watch = _Watch(desk, ours, events.Events(seen), definition, desk.clock.monotonic() + _SETTLES)
    try:
        return desk.until(watch.look, what="end of the rollout", seconds=seconds, every=_EVERY)
    except TimedOut:
        raise TimedOut(
            f"{ours.service}: not rolled out after {seconds:g} s; last seen: {watch.last or 'nothing'}",
            hint=f"{_GOES_ON}{watch.unplaced_hint}",
        ) from None
    except (DeploymentFailed, NotPlaced):
        raise
    except (Exception, KeyboardInterrupt):  # such as credentials that expired
        desk.say(f"{ours.service}: {_GOES_ON}")
        raise


@dataclasses.dataclass
class _Watch:
    """What was told already, so that it is told once."""

    desk: Desk
    ours: Ours
    events: events.Events
    definition: Mapping[str, Any]
    settles: float
    last: str = ""
    unplaced: int = 0
    explanation: places.Explanation | None = None
    missing: int = 0
    waits_for: str = ""

    @property
    def unplaced_hint(self) -> str:
        known = self.explanation.summary if self.explanation else self.waits_for
        return f"; {known}" if known else ""

    def look(self) -> dict[str, Any] | None:
        service = live.look(self.desk.aws, self.ours.cluster, self.ours.service)
        if service is not None:
            self._tell(service)
        settled = self.desk.clock.monotonic() >= self.settles
        verdict = rollout.judge(service, self.ours, settled=settled)
        if verdict is None:
            self._tell_what_it_waits_for(service or {})
            self._check_places(service or {})
            return None
        if verdict.ending is Ending.COMPLETED:
            return service
        raise self._failed(verdict)

    def _tell(self, service: dict[str, Any]) -> None:
        for event in self.events.new(service):
            self.desk.say(events.line(event))
            if events.UNPLACED in event.get("message", ""):
                self._not_placed(service)
        self._say(rollout.progress(service, self.ours))

    def _say(self, line: str) -> None:
        if line != self.last:
            self.desk.say(line)
            self.last = line

    def _not_placed(self, service: dict[str, Any]) -> None:
        self.unplaced += 1
        if self.explanation is None:
            self.explanation = places.explain(
                self.desk.aws, self.ours, self.definition, service.get("placementConstraints") or ()
            )
            for line in (*self.explanation.lines, self.explanation.summary):
                self.desk.say(f"  {line}")

    def _tell_what_it_waits_for(self, service: dict[str, Any]) -> None:
        """ECS's own event about a task without a place may take minutes: the reason is told before."""
        mine = rollout.own(service, self.ours) or {}
        placed = mine.get("runningCount", 0) + mine.get("pendingCount", 0)
        self.missing = self.missing + 1 if placed < mine.get("desiredCount", 0) else 0
        if self.missing == _STILL and self.explanation is None:
            found = places.explain(
                self.desk.aws, self.ours, self.definition, service.get("placementConstraints") or ()
            )
            if found.nowhere:
                self.desk.say(f"{self.ours.service}: waits for a place: {found.summary}")
                self.waits_for = found.summary

    def _check_places(self, service: dict[str, Any]) -> None:
        """Without a place now is usual while older tasks stop; without any chance is the end."""
        if self.explanation is None:
            return
        alone = not any(
            item.get("runningCount") or item.get("pendingCount") for item in live.deployments(service)
        )
        if self.explanation.never or (alone and self.unplaced >= _IN_VAIN):
            raise NotPlaced(
                f"{self.ours.service}: no container instance takes its tasks: {self.explanation.summary}",
                hint="ECS goes on trying: add an instance that fits, or deploy a task definition that does",
            )

    def _failed(self, verdict: Verdict) -> DeploymentFailed:
        why = [] if verdict.ending is Ending.GONE else stopped.reasons(self.desk.aws, self.ours)
        revision = self.ours.task_definition.rpartition("/")[2]
        return DeploymentFailed(
            ". ".join([f"{self.ours.service}: {revision} {_WORDS[verdict.ending]}: {verdict.reason}", *why]),
            hint=self._hint(verdict.ending),
        )

    def _hint(self, ending: Ending) -> str:
        if ending is Ending.FAILED and self.ours.before is None:
            delete = (
                f"aws ecs delete-service --cluster {self.ours.cluster} --service {self.ours.service} --force"
            )
            return f"the service exists and runs no task: deploy a fixed task definition, or `{delete}`"
        return _HINTS[ending]


_GOES_ON = "the rollout goes on in ECS; `scripts/ecs status` shows it"
_WORDS = {
    Ending.FAILED: "failed",
    Ending.ROLLED_BACK: "was rolled back",
    Ending.SUPERSEDED: "was superseded",
    Ending.GONE: "is not deployed",
}
_LOGS = "`scripts/ecs logs` shows what the containers wrote"
_HINTS = {
    Ending.FAILED: f"{_LOGS}; --force-new-deployment tries the same again",
    Ending.ROLLED_BACK: f"{_LOGS}; deploy again when it is fixed",
    Ending.SUPERSEDED: "let one deployment end before the next one begins",
    Ending.GONE: "deploy it again to create it anew",
}
