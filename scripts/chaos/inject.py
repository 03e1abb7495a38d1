"""One injection: do it, wait until all is as before, and see what the clients had meanwhile."""

from __future__ import annotations

import dataclasses
import time

from chaos import processes
from chaos.actions import ACTIONS
from chaos.answers import Gap, Window
from chaos.limits import RECOVERY_SECONDS, Injection
from chaos.scene import Scene, wait
from chaos.schedule import Step
from chaos.stall import Host
from neuronserve import state as states

_FROM_THE_HARM = (
    "kill",
    "kill_several",
    "freeze",
)  # recovery counts from it; else from the end of the action


@dataclasses.dataclass
class Chaos:
    """``usual``: how many processes of each part there are. ``fronts``, ``done``: what happened so far."""

    scene: Scene
    host: Host
    usual: dict[str, int]
    fronts: list[Window] = dataclasses.field(default_factory=list)
    done: list[Injection] = dataclasses.field(default_factory=list)

    def inject(self, step: Step) -> Injection:
        began = time.monotonic()
        harm = ACTIONS[step.kind.action](self.scene, step)
        over = time.monotonic()
        recovered = self.wait_whole(RECOVERY_SECONDS)
        now = time.monotonic()
        if harm.front:
            self.fronts.append(Window(began, now))
        gap = self.scene.ledger.gap(began, now, now)
        since = began if step.kind.action in _FROM_THE_HARM else over
        injection = Injection(
            step.kind,
            harm.victims,
            gap=gap.seconds,
            stalled=self.host.within(gap.began, gap.ended),
            model_gap=max(self._of_model(began, now), key=lambda one: one.seconds).seconds,
            recovery=now - since if recovered else None,
            found=harm.found,
            notes=harm.notes,
            impossible=harm.impossible,
        )
        self.done.append(injection)
        return injection

    def _of_model(self, began: float, now: float) -> list[Gap]:
        return [self.scene.ledger.gap(began, now, now, target.name) for target in self.scene.targets]

    def wait_whole(self, seconds: float) -> bool:
        """Until everything runs as before, and a right answer has come since then; or ``serve`` has ended."""
        ledger, family = self.scene.ledger, self.scene.family

        def answered() -> bool:
            return ledger.right_since(whole) > 0 or not processes.is_alive(family.serve)

        end = time.monotonic() + seconds
        if not wait(self._is_whole, seconds):
            return False
        whole = time.monotonic()
        return wait(answered, max(1.0, end - whole)) and processes.is_alive(family.serve)

    def _is_whole(self) -> bool:
        if not processes.is_alive(self.scene.family.serve):
            return True  # there is nothing to wait for
        try:
            state = self.scene.state()
        except ValueError:
            return False
        if state.state != states.READY or not (self.scene.runtime / "serving").exists():
            return False
        if any(server.state != states.READY for server in state.servers):
            return False
        parts = self.scene.family.parts()
        if any(processes.is_stopped(one) for found in parts.values() for one in found):
            return False
        return processes.counted(parts) == self.usual
