"""One container's life: started, watched, restarted, stopped, removed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from neuronserve.deploy.ecs.local.health import Health, Status
from neuronserve.deploy.ecs.local.plan import LABEL, ContainerPlan
from neuronserve.deploy.engine import Engine, Process
from neuronserve.deploy.waiting import Clock
from neuronserve.errors import EngineFailed

Tell = Callable[[str], None]
_PORT_TAKEN = ("address already in use", "port is already allocated")  # podman's words, and docker's


class Phase(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    ENDED = "ended"


class Container:
    """``tell`` gets what happens, ``log`` the lines it prints. ``step`` is to be called again and again."""

    def __init__(self, plan: ContainerPlan, engine: Engine, clock: Clock, *, tell: Tell, log: Tell) -> None:
        self.plan = plan
        self.phase = Phase.PENDING
        self.code: int | None = None
        self.out_of_memory = False
        self.stopping = False
        self.asked = False  # the engine was asked to make it, so that there may be something to remove
        self._engine, self._clock, self._tell, self._log = engine, clock, tell, log
        self._started = 0.0
        self._health: Health | None = None
        self._seen = 0
        self._skip = 0
        self._waiter: Process | None = None
        self._follower: Process | None = None
        self._check: Process | None = None
        self._check_ends = 0.0
        self._stopper: Process | None = None

    @property
    def health(self) -> Status | None:
        """None: it has no health check."""
        if self.plan.check is None:
            return None
        return self._health.status if self._health else Status.UNKNOWN

    @property
    def ran(self) -> float:
        """Seconds since it was started; 0: it was not yet."""
        return 0 if self.phase is Phase.PENDING else self._clock.monotonic() - self._started

    def start(self) -> None:
        """Raises EngineFailed with the engine's reason."""
        self._tell("starting")
        self.asked = True
        try:
            self._engine.call(*self.plan.words)
        except EngineFailed as error:
            if not any(text in error.message.lower() for text in _PORT_TAKEN):
                raise
            raise EngineFailed(
                error.message,
                hint="another program has that port, or containers of an earlier run-local: "
                f"{self._engine.program} ps --filter label={LABEL}",
            ) from None
        self._running()

    def step(self) -> None:
        """See what happened since the last time."""
        self._print()
        if self.phase is not Phase.RUNNING:
            return
        if self._waiter and self._waiter.poll() is not None:
            self._ended()
        else:
            self._look_after_health()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after the stop timeout."""
        self.stopping = True
        if self.phase is Phase.RUNNING and self._stopper is None:
            self._stopper = self._engine.begin(
                "stop", "-t", str(self.plan.stop_timeout), self.plan.engine_name
            )

    def kill(self) -> None:
        """SIGKILL, now."""
        self.stopping = True
        if self.phase is Phase.RUNNING:
            with contextlib.suppress(EngineFailed):  # it may have ended by itself
                self._engine.call("kill", self.plan.engine_name)

    def let_go(self) -> None:
        """End our own processes around it; the container goes on."""
        for process in (self._waiter, self._follower, self._check, self._stopper):
            if process and process.poll() is None:
                process.kill()
        self._waiter = self._follower = self._check = self._stopper = None

    def remove(self) -> None:
        """It and its anonymous volumes. Raises EngineFailed."""
        if self.asked:
            self._engine.call("rm", "--force", "--volumes", self.plan.engine_name)

    def _running(self) -> None:
        self.phase = Phase.RUNNING
        self._started = self._clock.monotonic()
        self._health = Health(self.plan.check, self._started) if self.plan.check else None
        self._waiter = self._engine.begin("wait", self.plan.engine_name)
        self._skip, self._seen = self._seen, 0  # the engine tells all lines again after a restart
        self._follower = self._engine.begin("logs", "--follow", self.plan.engine_name)

    def _print(self) -> None:
        for line in self._follower.lines() if self._follower else ():
            self._seen += 1
            if self._seen > self._skip:
                self._log(line)

    def _ended(self) -> None:
        if any(p and p.poll() is None for p in (self._follower, self._stopper)):
            return  # it prints its last lines; the engine is tidying up
        self._print()
        state = self._state()
        self.code, self.out_of_memory = int(state["ExitCode"]), bool(state.get("OOMKilled"))
        self.let_go()
        refused = "it was to stop" if self.stopping else self.plan.restart.refused(self.code, self.ran)
        if not refused:
            self._tell(
                f"ended with {self.code} after {self.ran:.0f} s; restarted, as its restart policy says"
            )
            self._engine.call("start", self.plan.engine_name)
            self._running()
            return
        if self.plan.restart.enabled and not self.stopping:
            self._tell(f"not restarted: {refused}")
        self._tell(f"ended with {self.code}")
        self.phase = Phase.ENDED

    def _state(self) -> dict[str, Any]:
        name = self.plan.engine_name
        try:
            state: dict[str, Any] = json.loads(
                self._engine.call("inspect", "--format", "{{json .State}}", name)
            )
        except EngineFailed as error:
            if "no such" in error.message.lower():
                self.phase, self.asked = Phase.ENDED, False
                raise EngineFailed(f"the container {name} is gone: something else removed it") from None
            raise
        return state

    def _look_after_health(self) -> None:
        check, health, now = self.plan.check, self._health, self._clock.monotonic()
        if check is None or health is None or self.stopping:
            return
        if self._check is None:
            if now >= health.due:
                self._check = self._engine.begin("exec", self.plan.engine_name, *check.command)
                self._check_ends = now + check.timeout
            return
        code = self._check.poll()
        if code is None and now < self._check_ends:
            return
        told = self._check.lines()
        if code is None:
            self._check.kill()
        before = health.status
        health.result(ok=code == 0, now=now)
        self._check = None
        if health.status is not before:
            self._tell_health(health.status, told[-1] if told else self._why(code, check.timeout))

    def _tell_health(self, status: Status, why: str) -> None:
        if status is not Status.UNHEALTHY:
            self._tell(status)
            return
        replaced = "; ECS would now replace the task of a service" if self.plan.essential else ""
        self._tell(f"{status}: {why}{replaced}")

    @staticmethod
    def _why(code: int | None, timeout: int) -> str:
        return f"the check took over {timeout} s" if code is None else f"the check ended with {code}"
