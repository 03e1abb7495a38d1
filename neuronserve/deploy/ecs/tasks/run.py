"""A run: requests checked, placed, watched, and the truth about each told."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry.registered import Target
from neuronserve.deploy.ecs.tasks import (
    chips,
    definition,
    names,
    outcome,
    place,
    plan,
    preflight,
    report,
    stopping,
)
from neuronserve.deploy.ecs.tasks.endings import Ending
from neuronserve.deploy.ecs.tasks.find import Task
from neuronserve.deploy.ecs.tasks.place import Placed
from neuronserve.deploy.ecs.tasks.plan import Run
from neuronserve.deploy.ecs.tasks.watch import Goal, Watch
from neuronserve.errors import InvalidInput, NotPlaced


@dataclasses.dataclass(frozen=True)
class Manner:
    """``seconds``: how long to wait for the goal. ``partial``: some tasks of several are enough."""

    goal: Goal
    seconds: float
    preflight: bool = True
    partial: bool = False
    stop_on_interrupt: bool = False


def run(desk: Desk, what: Run, targets: Sequence[Target], manner: Manner) -> int:
    """Run all targets; the exit code is the container's where one ended badly.

    Raises InvalidInput, NotPlaced, TimedOut; tasks that were started are shown and named before.
    """
    requests = plan.requests(dataclasses.replace(what, token=what.token or str(uuid.uuid4())), targets)
    for target in targets:
        if manner.goal is Goal.HEALTHY and not definition.checks_health(target.request):
            raise InvalidInput(
                f"{names.short(target.name)} has no health check, so ECS never calls it healthy",
                hint="use --wait started; an image's own HEALTHCHECK does not count",
            )
    if manner.preflight:
        preflight.refuse_impossible(desk, what, targets)
    return _Running(desk, what, targets, manner).run(requests)


class _Running:
    def __init__(self, desk: Desk, what: Run, targets: Sequence[Target], manner: Manner) -> None:
        self._desk, self._cluster, self._manner, self._what = desk, what.cluster, manner, what
        self._targets = targets
        self._tasks: list[Task] = []
        self._short: list[tuple[Target, Placed]] = []

    def run(self, requests: Sequence[dict[str, Any]]) -> int:
        with self._never_silent():
            for target, request in zip(self._targets, requests, strict=True):
                placed = place.place(self._desk, request)
                self._tasks += placed.tasks
                if placed.short > 0:
                    self._short.append((target, placed))
            self._refuse(requests)
            self._watch()
        self._show()
        preflight.warn_astray(self._desk, self._what, self._targets, self._tasks)
        chips.warn(self._desk, self._cluster, self._tasks, self._requests())
        return outcome.code(self._endings(), self._manner.goal)

    @contextmanager
    def _never_silent(self) -> Iterator[None]:
        """Whatever goes wrong, what runs by now is named, with the way to stop it."""
        try:
            yield
        except KeyboardInterrupt:
            self._interrupted()
            raise
        except Exception:
            if self._tasks:
                self._show()
            self._name_running()
            raise

    def _interrupted(self) -> None:
        if not self._manner.stop_on_interrupt:
            self._name_running()
            return
        try:
            stopping.send(self._desk, [{"cluster": self._cluster, "task": arn} for arn in self._running()])
        except BaseException:
            self._name_running()
            raise

    def _running(self) -> list[str]:
        return [task["taskArn"] for task in self._tasks if task.get("lastStatus") != "STOPPED"]

    def _name_running(self) -> None:
        left = " ".join(map(names.short, self._running()))
        if left:
            self._desk.say(f"not stopped: {left} (scripts/ecs stop --cluster {self._cluster} {left})")

    def _refuse(self, requests: Sequence[dict[str, Any]]) -> None:
        """Raises NotPlaced when too few tasks were placed; explains in any case."""
        if not self._short:
            return
        asked = sum(request["count"] for request in requests)
        reasons = dict.fromkeys(
            reason
            for target, placed in self._short
            for reason in preflight.explain(self._desk, self._what, target, placed)
        )
        if self._tasks and self._manner.partial:
            self._desk.say(f"{len(self._tasks)} of {asked} tasks were placed: {'; '.join(reasons)}")
            return
        if not self._tasks:
            raise NotPlaced(f"no task was placed: {'; '.join(reasons)}")
        raise NotPlaced(
            f"only {len(self._tasks)} of {asked} tasks were placed: {'; '.join(reasons)}",
            hint="--allow-partial takes that",
        )

    def _watch(self) -> None:
        if self._manner.goal is Goal.NO:
            return
        watch = Watch(self._desk, self._cluster, self._tasks, self._manner.goal)
        try:
            watch.wait(self._manner.seconds, hint="it goes on; see scripts/ecs status and logs")
        finally:
            self._tasks = watch.tasks

    def _show(self) -> None:
        requests = self._requests()
        document: dict[str, Any] = {
            "cluster": self._cluster,
            "tasks": report.documents(self._desk, self._cluster, self._tasks, requests),
        }
        failures = [failure for _, placed in self._short for failure in placed.failures]
        if failures:
            document["failures"] = failures
        self._desk.show(document)

    def _requests(self) -> Mapping[str, dict[str, Any]]:
        return {target.name: target.request for target in self._targets}

    def _endings(self) -> list[Ending]:
        """How those that stopped did; it is told."""
        requests = self._requests()
        ended = [task for task in self._tasks if task.get("lastStatus") == "STOPPED"]
        return [stopping.tell(self._desk, task, requests.get(task["taskDefinitionArn"])) for task in ended]
