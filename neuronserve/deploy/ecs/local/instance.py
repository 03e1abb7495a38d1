"""The tasks of a plan on this machine, from the first start to the last removal."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import signal
from collections.abc import Iterator, Sequence
from types import FrameType

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.local import readiness
from neuronserve.deploy.ecs.local.concessions import Lenient
from neuronserve.deploy.ecs.local.container import Phase
from neuronserve.deploy.ecs.local.plan import Plan
from neuronserve.deploy.ecs.local.readiness import Ask, Wait
from neuronserve.deploy.ecs.local.task import Task, meaning
from neuronserve.deploy.engine import Engine, failed
from neuronserve.errors import EngineFailed, TimedOut

_TURN = 0.1  # seconds between looks
_ASK_EVERY = 0.5


@dataclasses.dataclass(frozen=True)
class Manner:
    """``wait``: until then; ``timeout``: for that many seconds. ``detach``: leave them running afterwards.

    ``keep``: do not remove them when they have ended.
    """

    wait: Wait = Wait.READY
    timeout: float = 900
    detach: bool = False
    keep: bool = False


class Signals:
    """Handlers only count; the loop looks. The second one means: at once. The third one waits for nothing,
    not even for an engine that hangs.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, number: int, _: FrameType | None) -> None:
        self.names.append(signal.Signals(number).name)
        if len(self.names) > 2:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        before = {
            number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Instance:
    def __init__(
        self, plan: Plan, engine: Engine, desk: Desk, manner: Manner, *, signals: Signals, ask: Ask
    ) -> None:
        self._plan, self._desk, self._manner = plan, desk, manner
        self._engine: Engine = Lenient(engine, desk.say)
        self._signals, self._ask = signals, ask
        self.tasks: list[Task] = []

    def run(self) -> int:
        """The exit code of the first essential container that failed, or 0.

        Raises EngineFailed, and TimedOut when the tasks were not ready in time. Nothing is left behind then.
        """
        left = False
        try:
            self._pull()
            self.tasks = [Task(p, self._engine, self._desk.clock, self._desk.say) for p in self._plan.tasks]
            self._wait_until_ready()
            left = self._manner.detach and self._all_run()
            if not left:
                self._go_on()
            return self._code()
        except (EngineFailed, TimedOut) as error:
            self._give_up("the engine failed" if isinstance(error, EngineFailed) else "the time was up")
            raise
        finally:
            self._clean_up(left=left)

    def _pull(self) -> None:
        """Get images that are not here; what is here is taken as it is."""
        images = dict.fromkeys(c.image for task in self._plan.tasks for c in task.containers)
        for image in images:
            try:
                self._engine.call("image", "inspect", image)
            except EngineFailed:
                self._desk.say(f"pulling {image}")
                self._pull_one(image)

    def _pull_one(self, image: str) -> None:
        pulling = self._engine.begin("pull", image)
        while (code := pulling.poll()) is None and not self._signals.names:
            self._desk.clock.sleep(_TURN)
        if code is None:
            pulling.kill()
            raise KeyboardInterrupt
        if code:
            error = failed(self._engine.program, ("pull",), code, "\n".join(pulling.lines()))
            raise EngineFailed(
                f"{image} is not on this machine: {error.message}",
                hint=f"{self._engine.program} login, where its registry asks for it; --image runs another",
            )

    def _wait_until_ready(self) -> None:
        end = self._desk.clock.monotonic() + self._manner.timeout
        ask_at = 0.0
        while not self._signals.names and any(not task.ready and not task.stopping for task in self.tasks):
            self._turn()
            now = self._desk.clock.monotonic()
            if now < ask_at:
                continue
            ask_at = now + _ASK_EVERY
            for task in self.tasks:
                self._look(task)
            if now > end and any(not task.ready and not task.stopping for task in self.tasks):
                late = ", ".join(task.plan.name for task in self.tasks if not task.ready)
                raise TimedOut(
                    f"{late}: not {self._manner.wait} after {self._manner.timeout:g} s: {self._lacking()}",
                    hint="the log above may tell; see --timeout and --wait",
                )

    def _lacking(self) -> str:
        if self._manner.wait is Wait.READY:
            return f"nothing answered GET {readiness.PATH} on its port"
        return "a container did not start, or its health check did not succeed"

    def _look(self, task: Task) -> None:
        if task.ready or task.stopping:
            return
        address = self._plan.address
        if readiness.reached(task, self._manner.wait, self._engine, address, self._ask):
            task.ready = True
            found = readiness.urls(task, self._engine, address)
            self._desk.line(f"{task.plan.name}  {'  '.join(found) or 'no port on this machine'}")

    def _go_on(self) -> None:
        """Until all tasks have ended, by themselves or because they are told to."""
        while not all(task.ended for task in self.tasks):
            if self._signals.names:
                for task in self.tasks:
                    if not task.stopping:
                        task.stop(f"{self._signals.names[0]} (a second one kills)")
            elif self._manner.detach:  # one ended before it was ready
                for task in self.tasks:
                    task.stop("another task ended")
            if len(self._signals.names) > 1:
                self._kill(self.tasks)
            self._turn()

    def _give_up(self, reason: str) -> None:
        """Stop them in good order, as far as the engine still does that."""
        with contextlib.suppress(EngineFailed):
            for task in self.tasks:
                task.stop(reason)
            self._go_on()

    def _turn(self) -> None:
        for task in self.tasks:
            task.step()
        self._desk.clock.sleep(_TURN)

    def _all_run(self) -> bool:
        return not self._signals.names and not any(task.stopping for task in self.tasks)

    def _code(self) -> int:
        if self._all_run():
            return 0
        never = exits.INTERRUPTED if self._signals.names else exits.NO
        codes = [never if task.code is None else task.code for task in self.tasks]
        for task, code in zip(self.tasks, codes, strict=True):
            told = "it did not run" if task.code is None else meaning(code, oom=task.out_of_memory)
            self._desk.say(f"{task.plan.name}: {told}")
        return next((code for code in codes if code), 0)

    @staticmethod
    def _kill(tasks: Sequence[Task]) -> None:
        for task in tasks:
            for container in task.containers.values():
                container.kill()

    def _clean_up(self, *, left: bool) -> None:
        containers = [c for task in self.tasks for c in task.containers.values() if c.asked]
        if not left:
            self._kill(self.tasks)
        for container in containers:
            container.let_go()
        if not left and not self._manner.keep:
            self._remove()
        elif containers:
            self._tell_what_is_left(running=left)

    def _tell_what_is_left(self, *, running: bool) -> None:
        """The engine's commands that end it as we would: those that depend on others first."""
        tasks = [task for task in self.tasks if any(c.asked for c in task.containers.values())]
        names = [c.plan.engine_name for t in tasks for c in reversed(t.containers.values()) if c.asked]
        volumes = [volume for task in tasks for volume in task.plan.volumes]
        commands = [["stop", *names]] if running else []
        commands += [["rm", "--volumes", *names], *([["volume", "rm", *volumes]] if volumes else [])]
        if running:
            self._desk.say("from now on nobody checks their health or restarts them")
        what = "stop and remove" if running else "remove"
        spoken = " && ".join(shlex.join([self._engine.program, *words]) for words in commands)
        self._desk.say(f"to {what} what is left: {spoken}")

    def _remove(self) -> None:
        for task in self.tasks:
            containers = list(reversed(task.containers.values()))
            begun = any(c.asked or c.phase is not Phase.PENDING for c in containers)
            try:
                for container in containers:
                    container.remove()
                for volume in task.plan.volumes if begun else ():
                    self._engine.call("volume", "rm", "--force", volume)
            except EngineFailed as error:
                self._desk.say(f"not removed: {error}")
