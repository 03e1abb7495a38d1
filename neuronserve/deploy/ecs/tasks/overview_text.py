"""The overview of a cluster for a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy.ecs import columns
from neuronserve.deploy.ecs.tasks import names

_INSTANCES = ("INSTANCE", "TYPE", "STATUS", "AGENT", "CPU FREE", "MIB FREE", "TASKS", "CHIPS IN USE")
_SERVICES = ("SERVICE", "STATUS", "DESIRED", "RUNNING", "PENDING", "DEFINITION")
_TASKS = ("TASK", "DEFINITION", "STATUS", "HEALTH", "STARTED", "INSTANCE", "CHIPS", "EXIT")


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The lines of ``overview.document``."""
    cluster = found["cluster"]
    yield (
        f"cluster {cluster.get('clusterName')}: {cluster.get('status')},"
        f" {cluster.get('runningTasksCount', 0)} tasks running, {cluster.get('pendingTasksCount', 0)} pending"
    )
    yield from _table(_INSTANCES, map(_instance, found["containerInstances"]))
    yield from _table(_SERVICES, map(_service, found["services"]))
    for service in found["services"]:
        yield from _rollout(service)
    yield from _table(_TASKS, map(_task, found["tasks"]))
    for task in found["tasks"]:
        if task.get("stoppedReason"):
            code = task.get("stopCode", "stopped")
            yield f"{names.short(task['taskArn'])}: {code}: {task['stoppedReason']}"
    if found["warnings"]:
        yield ""
    yield from (f"warning: {text}" for text in found["warnings"])


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    rows = list(rows)
    if rows:
        yield ""
        yield from columns.lines(heads, rows)


def _instance(item: Mapping[str, Any]) -> list[str]:
    free, all_of_it, chips = item["remaining"], item["registered"], item["chips"]
    taken = ",".join(map(str, chips["inUse"])) or "none"
    return [
        item["ec2InstanceId"] or names.short(item["containerInstanceArn"]),
        item["instanceType"] or "-",
        item["status"],
        (item["agentVersion"] or "?") if item["agentConnected"] else "disconnected",
        f"{free['cpu']}/{all_of_it['cpu']}",
        f"{free['memory']}/{all_of_it['memory']}",
        str(item["runningTasksCount"]),
        f"{taken} of {chips['all']}" if chips["all"] else taken,
    ]


def _service(item: Mapping[str, Any]) -> list[str]:
    counts = [str(item.get(key, 0)) for key in ("desiredCount", "runningCount", "pendingCount")]
    return [
        item["serviceName"],
        item.get("status", "-"),
        *counts,
        names.short(item.get("taskDefinition", "-")),
    ]


def _rollout(service: Mapping[str, Any]) -> Iterator[str]:
    name = service["serviceName"]
    for item in service["deployments"]:
        failed = f", {item['failedTasks']} failed" if item.get("failedTasks") else ""
        reason = f": {item['rolloutStateReason']}" if item.get("rolloutStateReason") else ""
        yield (
            f"{name}: {item.get('status')} {names.short(item.get('taskDefinition', '-'))}"
            f" {item.get('rolloutState', '')}{failed}{reason}"
        )
    for event in reversed(service["events"]):
        yield f"{name}: {_time(event['createdAt'])} {event['message']}"


def _task(item: Mapping[str, Any]) -> list[str]:
    codes = [str(part["exitCode"]) for part in item["containers"] if "exitCode" in part]
    return [
        names.short(item["taskArn"]),
        names.short(item["taskDefinitionArn"]),
        item.get("lastStatus", "-"),
        item.get("healthStatus", "-"),
        _time(item.get("startedAt")),
        item.get("ec2InstanceId") or "-",
        ",".join(map(str, item["chips"])) or "-",
        ",".join(codes) or "-",
    ]


def _time(when: dt.datetime | None) -> str:
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else "-"
