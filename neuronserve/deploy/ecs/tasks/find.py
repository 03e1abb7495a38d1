"""Which tasks are meant: named ones, those of a service, or those of a family."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Literal

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.ecs.registry import registered
from neuronserve.deploy.ecs.tasks import names
from neuronserve.errors import InvalidInput, NoSuchResource

Task = dict[str, Any]  # in the shape of DescribeTasks

_AT_ONCE = 100  # DescribeTasks takes no more


@dataclasses.dataclass(frozen=True)
class Which:
    """Tasks by id or ARN, or all of a service or a family."""

    cluster: str
    tasks: tuple[str, ...] = ()
    service: str | None = None
    family: str | None = None

    def __str__(self) -> str:
        if self.service:
            return f"service {self.service}"
        return f"family {self.family}" if self.family else f"task {', '.join(self.tasks)}"


def arguments(parser: argparse.ArgumentParser, *, several: bool) -> None:
    parser.add_argument("task", nargs="*" if several else "?", metavar="TASK", help="a task's id or ARN")
    parser.add_argument("--service", metavar="NAME", help="all tasks of this service")
    parser.add_argument("--family", metavar="NAME", help="all tasks of this family of task definitions")
    parser.add_argument("--cluster", metavar="NAME", help="the cluster (default: the ARN's, or `default`)")


def which(given: argparse.Namespace, *, needed: bool = True) -> Which:
    """What a command line names. Raises InvalidInput when it names nothing (``needed``), or two things."""
    tasks = tuple(given.task if isinstance(given.task, list) else filter(None, [given.task]))
    chosen = [bool(tasks), bool(given.service), bool(given.family)]
    if sum(chosen) > 1:
        raise InvalidInput("TASK, --service and --family exclude each other")
    if needed and not any(chosen):
        raise InvalidInput("no task is named", hint="give a TASK, --service NAME or --family NAME")
    return Which(cluster_of(tasks, given), tasks, given.service, given.family)


def cluster_of(tasks: Sequence[str], given: argparse.Namespace) -> str:
    """The one cluster that ARNs and --cluster agree on. Raises InvalidInput."""
    named = {cluster for cluster in map(names.cluster_in, (*tasks, given.service or "")) if cluster}
    if given.cluster:
        named.add(names.short(given.cluster))
    if len(named) > 1:
        raise InvalidInput(f"more than one cluster is named: {', '.join(sorted(named))}")
    return given.cluster or next(iter(named), "default")


def arns(aws: Aws, which: Which, *, stopped: bool = False) -> list[str]:
    """The tasks meant; of a service or family those to run, or (``stopped``) that ended in the last hour."""
    if which.tasks:
        return list(which.tasks)
    status: Literal["RUNNING", "STOPPED"] = "STOPPED" if stopped else "RUNNING"
    only: dict[str, Any] = {}
    if which.service:
        only["serviceName"] = which.service
    if which.family:
        only["family"] = which.family
    pages = aws.ecs.get_paginator("list_tasks").paginate(cluster=which.cluster, desiredStatus=status, **only)
    return [arn for page in pages for arn in page["taskArns"]]


def describe(aws: Aws, cluster: str, tasks: Sequence[str]) -> tuple[list[Task], list[str]]:
    """The tasks as ECS has them, and the names of those that it does not know, or no longer."""
    found: list[Task] = []
    missing: list[str] = []
    for start in range(0, len(tasks), _AT_ONCE):
        answer: Any = aws.ecs.describe_tasks(cluster=cluster, tasks=list(tasks[start : start + _AT_ONCE]))
        found += answer["tasks"]
    known = {names.short(task["taskArn"]) for task in found}
    missing = [name for name in tasks if names.short(name) not in known]
    order = {names.short(name): place for place, name in enumerate(tasks)}
    return sorted(found, key=lambda task: order.get(names.short(task["taskArn"]), 0)), missing


def definition(aws: Aws, name: str) -> dict[str, Any]:
    """A task definition's request by ARN, or FAMILY[:REVISION]."""
    return registered.fetch(aws, name).request


def definitions(aws: Aws, tasks: Iterable[Task]) -> dict[str, dict[str, Any]]:
    """The task definitions of tasks by ARN, each fetched once; one that was deleted is left out."""
    found = {}
    for arn in sorted({task["taskDefinitionArn"] for task in tasks}):
        with suppress(NoSuchResource):
            found[arn] = definition(aws, arn)
    return found
