"""Stopping tasks, and telling how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.tasks import definition, endings, find, names, report
from neuronserve.deploy.ecs.tasks.find import Task, Which
from neuronserve.deploy.ecs.tasks.watch import Goal, Watch
from neuronserve.errors import NoSuchResource

REASON = "stopped by scripts/ecs stop"
_GONE = "task was not found"


def stop(desk: Desk, which: Which, *, reason: str, seconds: float, dry_run: bool) -> int:
    """Stop the tasks, wait until they are STOPPED, print how each ended. Raises NoSuchResource, TimedOut."""
    arns = find.arns(desk.aws, which)
    tasks, missing = find.describe(desk.aws, which.cluster, arns) if arns else ([], [])
    if which.tasks and missing:
        raise NoSuchResource(
            f"no task {', '.join(missing)} in cluster {which.cluster}", hint="nothing was stopped"
        )
    running = [task for task in tasks if task.get("lastStatus") != "STOPPED"]
    requests = [{"cluster": which.cluster, "task": task["taskArn"], "reason": reason} for task in running]
    if dry_run:
        desk.show(requests)
        return exits.YES
    if not tasks:
        desk.say(f"no task of {which} runs in cluster {which.cluster}")
    send(desk, requests)
    for service in sorted(
        {task["group"] for task in running if task.get("group", "").startswith("service:")}
    ):
        name = service.partition(":")[2]
        desk.say(f"service {name} starts other tasks in their place, unless it is scaled: scripts/ecs scale")
    ended = Watch(desk, which.cluster, tasks, Goal.STOPPED).wait(
        seconds, hint="ECS kills a container when its stopTimeout is over; scripts/ecs status shows"
    )
    show(desk, which.cluster, ended)
    return exits.YES


def send(desk: Desk, requests: Sequence[dict[str, Any]]) -> None:
    """Ask ECS to stop each; it sends SIGTERM, and SIGKILL after stopTimeout. One that is gone is passed."""
    for request in requests:
        try:
            desk.aws.ecs.stop_task(**request)
        except ClientError as error:
            if _GONE not in str(error):
                raise
            desk.say(f"{names.short(request['task'])} is gone already")
        else:
            desk.say(f"stopping {names.short(request['task'])}")


def show(desk: Desk, cluster: str, tasks: Sequence[Task]) -> None:
    definitions = find.definitions(desk.aws, tasks)
    for task in tasks:
        tell(desk, task, definitions.get(task["taskDefinitionArn"]))
    desk.show({"cluster": cluster, "tasks": report.documents(desk, cluster, tasks, definitions)})


def tell(desk: Desk, task: Task, request: dict[str, Any] | None) -> endings.Ending:
    """Say how a task ended; without its definition (``request``) every container counts as essential."""
    every = [container["name"] for container in task.get("containers") or []]
    ending = endings.of(task, definition.essential(request) if request else every)
    for line in ending.lines:
        desk.say(f"{names.short(task['taskArn'])}: {line}")
    return ending
