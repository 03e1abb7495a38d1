"""One task: its containers in their order, and when it ends."""

from __future__ import annotations

from collections.abc import Callable

from neuronserve import exitcodes
from neuronserve.deploy.ecs.agent.order import Condition
from neuronserve.deploy.ecs.local.container import Container, Phase, Tell
from neuronserve.deploy.ecs.local.health import Status
from neuronserve.deploy.ecs.local.plan import TaskPlan
from neuronserve.deploy.engine import Engine
from neuronserve.deploy.waiting import Clock

_KILLED = 137


class Task:
    """``tell`` gets lines about the task, with its name in front."""

    def __init__(self, plan: TaskPlan, engine: Engine, clock: Clock, tell: Tell) -> None:
        self.plan = plan
        self.reason = ""  # why it stops
        self.ready = False
        self._cause: list[Container] = []
        self._tell = tell
        self.containers = {
            one.name: Container(
                one, engine, clock, tell=self._about(one.name, ": "), log=self._about(one.name, " | ")
            )
            for one in plan.containers
        }

    def _about(self, container: str, mark: str) -> Callable[[str], None]:
        name = self.plan.name if len(self.plan.containers) == 1 else f"{self.plan.name}/{container}"
        return lambda text: self._tell(f"{name}{mark}{text}")

    @property
    def stopping(self) -> bool:
        return bool(self.reason)

    @property
    def ended(self) -> bool:
        return self.stopping and not any(c.phase is Phase.RUNNING for c in self.containers.values())

    @property
    def code(self) -> int | None:
        """That of the container whose end was the task's, or of the first essential one that failed.

        None: it never ran.
        """
        essential = [c for c in self.containers.values() if c.plan.essential]
        return next((c.code for c in (*self._cause, *essential) if c.code != 0), 0)

    @property
    def out_of_memory(self) -> bool:
        return any(c.out_of_memory for c in self.containers.values() if c.plan.essential)

    def step(self) -> None:
        """Start what can start, end what has to. Raises EngineFailed."""
        for container in self.containers.values():
            container.step()
        if self.stopping:
            self._stop_next()
            return
        self._end_with_its_essential_container()
        if not self.stopping:
            self._start_next()

    def stop(self, reason: str) -> None:
        """As ECS does: each container after those that depend on it."""
        if not self.stopping:
            self.reason = reason
            self._tell(f"{self.plan.name}: stopping: {reason}")
        for container in self.containers.values():
            container.stopping = True
        self._stop_next()

    def _end_with_its_essential_container(self) -> None:
        ended = [c for c in self.containers.values() if c.phase is Phase.ENDED]
        self._cause = [c for c in ended if c.plan.essential][:1]
        if self._cause:
            self.stop(f"its essential container {self._cause[0].plan.name} ended")
        elif len(ended) == len(self.containers):
            self.stop("all its containers ended")

    def _start_next(self) -> None:
        for container in self.containers.values():
            if container.phase is not Phase.PENDING:
                continue
            waits = [(self.containers[n], c) for n, c in container.plan.waits.items()]
            hopeless = next(filter(None, (self._hopeless(*wait) for wait in waits)), "")
            if hopeless:
                self._cause = [container]
                self.stop(f"container {container.plan.name} cannot start: {hopeless}")
                return
            if all(_met(*wait) for wait in waits):
                container.start()

    def _hopeless(self, other: Container, condition: Condition) -> str:
        """Why a condition will never be met."""
        name = other.plan.name
        if condition is Condition.SUCCESS and other.phase is Phase.ENDED and other.code != 0:
            return f"{name} ended with {other.code}"
        if condition is Condition.HEALTHY and other.phase is Phase.ENDED:
            return f"{name} ended before it was healthy"
        limit = other.plan.start_timeout
        if limit and condition is not Condition.START and other.ran > limit and not _met(other, condition):
            return f"{name} was not {condition} within its startTimeout of {limit} s"
        return ""

    def _stop_next(self) -> None:
        running = [c for c in self.containers.values() if c.phase is Phase.RUNNING]
        needed = {name for c in running for name in c.plan.waits}
        for container in running:
            if container.plan.name not in needed:
                container.stop()


def _met(other: Container, condition: Condition) -> bool:
    if condition is Condition.START:
        return other.phase is not Phase.PENDING
    if condition is Condition.HEALTHY:
        return other.phase is Phase.RUNNING and other.health is Status.HEALTHY
    return other.phase is Phase.ENDED and (condition is Condition.COMPLETE or other.code == 0)


def meaning(code: int, *, oom: bool = False) -> str:
    """An exit code and, where it is known, what it means."""
    if oom:
        return f"{code}: killed, because it needed more memory than its limit"
    if code == _KILLED:
        return f"{code}: killed (SIGKILL), by somebody or at the end of its stop timeout"
    told = exitcodes.MEANINGS.get(code)
    return f"{code}: {told}" if told else str(code)
