"""Where the log of a task's containers is, as its task definition says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from neuronserve.deploy.ecs.logs import Stream
from neuronserve.deploy.ecs.tasks import definition, names
from neuronserve.deploy.ecs.tasks.find import Task
from neuronserve.errors import InvalidInput


@dataclasses.dataclass(frozen=True)
class Places:
    """``streams`` can be read; ``elsewhere`` tells of each container whose log cannot."""

    streams: tuple[Stream, ...]
    elsewhere: tuple[str, ...]


def of(task: Task, request: Mapping[str, Any], *, region: str, container: str | None = None) -> Places:
    """``region``: where ``awslogs-region`` says nothing. ``container``: this one's. Raises InvalidInput."""
    streams, elsewhere = [], []
    wanted = [item for item in definition.containers(request) if container in (None, item.get("name"))]
    if not wanted:
        has = ", ".join(str(item.get("name")) for item in definition.containers(request))
        raise InvalidInput(f"no container is called {container!r}", hint=f"it has {has}")
    for item in wanted:
        found = _place(task, item, region)
        if isinstance(found, Stream):
            streams.append(found)
        else:
            elsewhere.append(found)
    return Places(tuple(streams), tuple(elsewhere))


def _place(task: Task, item: Mapping[str, Any], region: str) -> Stream | str:
    name, task_id = str(item.get("name")), names.short(task["taskArn"])
    runtime = _runtime_id(task, name)
    logging = item.get("logConfiguration") or {}
    driver, options = logging.get("logDriver"), logging.get("options") or {}
    label = f"{task_id[:8]}/{name}"
    if driver in (None, "json-file", "local", "journald"):
        container = runtime or "CONTAINER"
        where = (
            f"`journalctl CONTAINER_ID={container[:12]}`"
            if driver == "journald"
            else f"`docker logs {container}`"
        )
        return f"{label}: its log is on the instance: {where} there"
    if driver != "awslogs":
        return f"{label}: its log goes to the driver {driver}, not to CloudWatch Logs"
    group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
    if not group:
        return f"{label}: the task definition has no awslogs-group"
    if not prefix and not runtime:
        return f"{label}: without awslogs-stream-prefix its stream is the container's id, which is not known"
    stream = f"{prefix}/{name}/{task_id}" if prefix else str(runtime)
    return Stream(group, stream, options.get("awslogs-region") or region, label)


def _runtime_id(task: Task, name: str) -> str | None:
    containers = task.get("containers") or []
    return next((item.get("runtimeId") for item in containers if item.get("name") == name), None)
