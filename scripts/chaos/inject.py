"""One injection: do it, wait until all is as before, and see what the clients had meanwhile."""

from __future__ import annotations

import dataclasses
import math
import time

from chaos import processes
from chaos.actions import ACTIONS
from chaos.answers import Gap, Window
from chaos.limits import RECOVERY_SECONDS, Injection
from chaos.scene import Scene, wait
from chaos.schedule import Step
from chaos.stall import Host
from neuronserve import state as states

# recovery counts from the harm; of the others from the end of the action
_FROM_THE_HARM = ("kill", "kill_several", "freeze", "freeze_several")


@dataclasses.dataclass
class Chaos:
    """``usual``: how many processes of each part there are. ``fronts``, ``done``: what happened so far.

    ``since``: when the injection began that is under way; whether it harms a front is known at its end.
    """

    scene: Scene
    host: Host
    usual: dict[str, int]
    fronts: list[Window] = dataclasses.field(default_factory=list)
    done: list[Injection] = dataclasses.field(default_factory=list)
    since: float = math.inf

    def inject(self, step: Step) -> Injection:
        self.since = began = time.monotonic()
        harm = ACTIONS[step.kind.action](self.scene, step)
        over = time.monotonic()
        lacking = self.wait_whole(RECOVERY_SECONDS)
        now = time.monotonic()
        if harm.front:
            self.fronts.append(Window(began, now))
        gap = self.scene.ledger.gap(began, now, now)
        since = began if step.kind.action in _FROM_THE_HARM else over
        injection = Injection(
            step.kind,
            harm.victims,
            began,
            now,
            gap=gap.seconds,
            stalled=self.host.within(gap.began, gap.ended),
            slowed=self.host.slowed_within(gap.began, gap.ended),
            model_gap=max(self._of_model(began, now), key=lambda one: one.seconds).seconds,
            slowest=self.scene.ledger.slowest_within(began, now),
            recovery=None if lacking else now - since,
            lacking=lacking,
            found=harm.found,
            notes=harm.notes,
            impossible=harm.impossible,
        )
        self.done.append(injection)
        self.since = math.inf
        return injection

    def _of_model(self, began: float, now: float) -> list[Gap]:
        return [self.scene.ledger.gap(began, now, now, target.name) for target in self.scene.targets]

    def wait_whole(self, seconds: float) -> str:
        """Until everything runs as before, and a right answer has come since then; why not, else.

        Empty also when ``serve`` has ended: there is nothing to wait for, and its end is told elsewhere.
        """
        end = time.monotonic() + seconds
        why = [""]

        def whole() -> bool:
            why[0] = self.lacking()
            return not why[0]

        if not wait(whole, seconds):
            return why[0]
        since = time.monotonic()
        answered = wait(
            lambda: (
                self.scene.ledger.right_since(since) > 0 or not processes.is_alive(self.scene.family.serve)
            ),
            max(1.0, end - since),
        )
        return "" if answered else "no right answer"

    def lacking(self) -> str:
        """What is not as before the first injection; empty when all is."""
        if not processes.is_alive(self.scene.family.serve):
            return ""
        state = self.scene.state()
        if state.state != states.READY or not (self.scene.runtime / "serving").exists():
            return f"the service is {state.state}, and nginx says {self._told()}"
        for server in state.servers:
            if server.state != states.READY:
                return f"model server {server.index} is {server.state}"
        parts = self.scene.family.parts()
        for part, found in parts.items():
            stopped = [one.pid for one in found if processes.is_stopped(one)]
            if stopped:
                return f"{part} {stopped[0]} is stopped"
            if len(found) != self.usual[part]:
                return f"{len(found)} processes are {part}, not {self.usual[part]}"
        return ""

    def _told(self) -> str:
        return "ready" if (self.scene.runtime / "serving").exists() else "not ready"
