"""Following an endpoint until its deployment ended: each change once, with its time, and one verdict."""

from __future__ import annotations

import dataclasses

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.sagemaker.following import faults, judging, live, logtail
from neuronserve.deploy.sagemaker.following.judging import Ending, Ours, Verdict
from neuronserve.deploy.sagemaker.following.live import Described
from neuronserve.errors import DeploymentFailed, TimedOut

_EVERY = 10.0  # seconds
_SETTLES = 30.0  # seconds in which DescribeEndpoint may still show what was before the call


def follow(desk: Desk, ours: Ours, seconds: float) -> Described:
    """The endpoint when it is deployed. Raises DeploymentFailed, TimedOut."""
    watch = _Watch(desk, ours, desk.clock.monotonic())
    try:
        return desk.until(watch.look, what="end of the deployment", seconds=seconds, every=_EVERY)
    except TimedOut:
        raise TimedOut(
            f"{ours.endpoint}: not in service with {ours.config} after {seconds:g} s; last seen: "
            f"{watch.last or 'nothing'}",
            hint=GOES_ON,
        ) from None
    except DeploymentFailed:
        raise
    except (Exception, KeyboardInterrupt):  # such as credentials that expired
        desk.say(f"{ours.endpoint}: {GOES_ON}")
        raise


GOES_ON = "the deployment goes on in SageMaker; `scripts/sagemaker status` shows it"


@dataclasses.dataclass
class _Watch:
    """What was told already, so that it is told once. ``moved``: SageMaker began with what was sent."""

    desk: Desk
    ours: Ours
    begin: float
    last: str = ""
    moved: bool = False

    def look(self) -> Described | None:
        found = live.endpoint(self.desk.aws, self.ours.endpoint)
        elapsed = self.desk.clock.monotonic() - self.begin
        if found is not None:
            self.moved = self.moved or found["EndpointStatus"] in live.IN_PROGRESS
            self._tell(judging.progress(found, self.ours), elapsed)
        verdict = judging.judge(found, self.ours, settled=self.moved or elapsed >= _SETTLES)
        if verdict is None:
            return None
        if verdict.ending is Ending.DEPLOYED:
            return found
        raise self._failed(verdict)

    def _tell(self, line: str, elapsed: float) -> None:
        if line != self.last:
            self.desk.say(f"{line} ({elapsed:.0f} s)")
            self.last = line

    def _failed(self, verdict: Verdict) -> DeploymentFailed:
        if verdict.ending in (Ending.FAILED, Ending.ROLLED_BACK, Ending.MIXED):
            for line in logtail.tail(self.desk.aws, self.ours.endpoint):
                self.desk.say(line)
        known = faults.hint(verdict.reason)
        said = "not deployed: " if verdict.ending is Ending.ROLLED_BACK else ""
        return DeploymentFailed(
            f"{self.ours.endpoint}: {said}{self.ours.config} {verdict.ending}: {verdict.reason}",
            hint="; ".join(filter(None, (known, self._way_on(verdict.ending)))),
        )

    def _way_on(self, ending: Ending) -> str:
        if ending is Ending.ROLLED_BACK:
            return f"{self.ours.before} serves as before"
        if ending is Ending.FAILED and self.ours.before is None:
            return "--recreate deletes it and tries again"
        return _WAYS.get(ending, "")


_WAYS = {
    Ending.FAILED: "SageMaker can only delete it now; --recreate does, and makes it anew",
    Ending.MIXED: "old and new instances serve together: deploy what is right, with another --policy",
    Ending.SUPERSEDED: "let one deployment end before the next one begins",
    Ending.GONE: "deploy again to create it anew",
}
