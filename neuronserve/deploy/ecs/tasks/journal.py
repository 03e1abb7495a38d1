"""The logs of tasks, printed once or followed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import logs
from neuronserve.deploy.ecs.logs import Reader, Stream
from neuronserve.deploy.ecs.tasks import find, names, places
from neuronserve.deploy.ecs.tasks.find import Task, Which
from neuronserve.errors import NoSuchResource

EVERY = 2.0  # seconds between looks; GetLogEvents allows 25 a second in all
_LATE = 3  # looks after the last task stopped: its last lines may come a little later


@dataclasses.dataclass(frozen=True)
class Wanted:
    """``since``: milliseconds since 1970. ``definition``: of a task that ECS does not know any more."""

    which: Which
    container: str | None = None
    since: int | None = None
    timestamps: bool = False
    follow: bool = False
    definition: str | None = None


class Journal:
    """What was found of the tasks so far, and how far each log was read."""

    def __init__(self, desk: Desk, wanted: Wanted) -> None:
        self._desk, self._wanted = desk, wanted
        self._late = 0
        self._readers: dict[Stream, Reader] = {}
        self._tasks: dict[str, Task] = {}
        self._definitions: dict[str, dict[str, Any]] = {}
        self._elsewhere: dict[str, None] = {}

    def show(self) -> None:
        """Print what there is; with ``follow`` go on until the tasks named have stopped, or Ctrl-C.

        Raises NoSuchResource when there is no such task, no log group, or no log that can be read.
        """
        self._look()
        if not self._tasks and not self._wanted.follow:
            raise NoSuchResource(f"no task of {self._wanted.which} runs or ended in the last hour")
        if self._tasks and not self._readers:
            raise NoSuchResource("no log is in CloudWatch Logs", hint="; ".join(self._elsewhere))
        printed = self._print()
        if self._wanted.follow:
            self._desk.clock.sleep(EVERY)
            self._desk.until(self._follow, what="end", seconds=math.inf, every=EVERY)
        elif not printed:
            self._desk.say("no log lines" if self._wanted.since is None else "no log lines since then")

    def _follow(self) -> bool | None:
        self._look()
        self._print()
        self._late = self._late + 1 if self._over() else 0
        return True if self._late >= _LATE else None

    def _over(self) -> bool:
        """A service or a family may start other tasks at any time; named tasks end."""
        return bool(self._wanted.which.tasks) and all(
            task.get("lastStatus") == "STOPPED" for task in self._tasks.values()
        )

    def _print(self) -> bool:
        several = len(self._readers) > 1
        printed = False
        for event in logs.merged(self._readers.values()):
            self._desk.line(event.line(timestamps=self._wanted.timestamps, labels=several))
            printed = True
        return printed

    def _look(self) -> None:
        """Find tasks that are new, and how the others are."""
        if self._wanted.definition:
            self._tasks = {
                name: {"taskArn": name, "lastStatus": "STOPPED"} for name in self._wanted.which.tasks
            }
            self._add(self._tasks.values(), self._wanted.definition)
            return
        which, aws = self._wanted.which, self._desk.aws
        arns = find.arns(aws, which) or ([] if self._tasks else find.arns(aws, which, stopped=True))
        wanted = {names.short(name): name for name in (*self._tasks, *arns)}
        tasks, missing = find.describe(aws, which.cluster, list(wanted.values())) if wanted else ([], [])
        if which.tasks and missing and not self._tasks:
            raise NoSuchResource(
                f"no task {', '.join(missing)} in cluster {which.cluster}",
                hint="ECS forgets a task an hour after its end; its log stays: name its --definition",
            )
        self._tasks |= {task["taskArn"]: task for task in tasks}
        for task in tasks:
            self._add([task], task["taskDefinitionArn"])

    def _add(self, tasks: Iterable[Task], named: str) -> None:
        if named not in self._definitions:
            self._definitions[named] = find.definition(self._desk.aws, named)
        aws, container = self._desk.aws, self._wanted.container
        for task in tasks:
            found = places.of(task, self._definitions[named], region=aws.region, container=container)
            for text in found.elsewhere:
                if text not in self._elsewhere:
                    self._elsewhere[text] = None
                    self._desk.say(text)
            for stream in found.streams:
                if stream not in self._readers:
                    there = aws.in_region(stream.region)
                    self._readers[stream] = Reader(there.logs, stream, self._wanted.since)
