"""Watching tasks until they are as wanted, with a line for each change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.tasks import find, names
from neuronserve.deploy.ecs.tasks.find import Task
from neuronserve.errors import NoSuchResource, TimedOut

EVERY = 5.0  # seconds between looks
_UNSEEN = 12  # looks: DescribeTasks may not know a new task for some seconds (eventual consistency)


class Goal(StrEnum):
    """What is waited for; a task that stopped has reached every goal, for better or worse."""

    NO = "no"
    STARTED = "started"
    HEALTHY = "healthy"
    STOPPED = "stopped"


def reached(task: Task, goal: Goal) -> bool:
    status = task.get("lastStatus")
    if goal is Goal.NO or status == "STOPPED":
        return True
    if goal is Goal.HEALTHY:
        return status == "RUNNING" and task.get("healthStatus") == "HEALTHY"
    return goal is Goal.STARTED and status == "RUNNING"


class Watch:
    """Some tasks of a cluster; ``tasks`` is how they were when last looked at."""

    def __init__(self, desk: Desk, cluster: str, tasks: Iterable[Task], goal: Goal) -> None:
        self._desk, self._cluster, self._goal = desk, cluster, goal
        self._known = {task["taskArn"]: task for task in tasks}
        self._unseen: Counter[str] = Counter()
        self._told: dict[str, dict[str, str]] = {}
        self._begin = desk.clock.monotonic()
        for task in self.tasks:
            self._tell(task)

    @property
    def tasks(self) -> list[Task]:
        return list(self._known.values())

    def wait(self, seconds: float, *, hint: str = "") -> list[Task]:
        """The tasks, when all have reached the goal. Raises TimedOut; NoSuchResource when ECS lost one."""
        try:
            return self._desk.until(self._look, what="", seconds=seconds, every=EVERY)
        except TimedOut:
            late = ", ".join(f"{names.short(task['taskArn'])} is {state(task)}" for task in self._open())
            raise TimedOut(f"not {self._goal} after {seconds:g} s: task {late}", hint=hint) from None

    def _open(self) -> list[Task]:
        return [task for task in self.tasks if not reached(task, self._goal)]

    def _look(self) -> list[Task] | None:
        late = [task["taskArn"] for task in self._open()]
        if late:
            seen, missing = find.describe(self._desk.aws, self._cluster, late)
            self._known.update((task["taskArn"], task) for task in seen)
            for task in seen:
                self._tell(task)
            self._count(missing)
        return None if self._open() else self.tasks

    def _count(self, missing: list[str]) -> None:
        self._unseen.update(missing)
        lost = [names.short(arn) for arn in missing if self._unseen[arn] > _UNSEEN]
        if lost:
            raise NoSuchResource(f"ECS does not know task {', '.join(lost)} in cluster {self._cluster}")

    def _tell(self, task: Task) -> None:
        told = self._told.setdefault(task["taskArn"], {})
        for subject, text in _changes(task, self._goal).items():
            if told.get(subject) != text:
                told[subject] = text
                after = self._desk.clock.monotonic() - self._begin
                definition = names.short(task["taskDefinitionArn"])
                self._desk.say(f"{after:4.0f} s  {names.short(task['taskArn'])} ({definition}): {text}")


def _changes(task: Task, goal: Goal) -> Mapping[str, str]:
    """What is worth telling of a task now, by subject."""
    found = {}
    begin, end = task.get("pullStartedAt"), task.get("pullStoppedAt")
    if begin and end:
        found["pull"] = f"the image was pulled in {(end - begin).total_seconds():.0f} s"
    elif begin:
        found["pull"] = "pulling the image"
    found["status"] = task.get("lastStatus", "")
    health = task.get("healthStatus", "UNKNOWN")
    if found["status"] == "RUNNING" and (goal is Goal.HEALTHY or health != "UNKNOWN"):
        found["health"] = f"health {health}"
    return found


def state(task: Task) -> str:
    """``PENDING``, or ``RUNNING (UNHEALTHY)``."""
    status, health = task.get("lastStatus", "unknown"), task.get("healthStatus", "UNKNOWN")
    return f"{status} ({health})" if status == "RUNNING" and health != "UNKNOWN" else status
