"""Which task has which chips of which instance. ECS does not count them, and sees no two with the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from neuronserve.deploy.aws import explained
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.tasks import definition, find, names
from neuronserve.deploy.ecs.tasks.find import Task


def of(task: Task, definitions: Mapping[str, Mapping[str, Any]]) -> frozenset[int]:
    """Chips that a task has: its definition's devices, or (Managed Instances) those that ECS assigned."""
    assigned = {
        int(chip)
        for container in task.get("containers") or []
        for chip in container.get("neuronDeviceIds") or []
        if str(chip).isdecimal()
    }
    request = definitions.get(task["taskDefinitionArn"])
    return frozenset(assigned) or (definition.chips(request) if request else frozenset())


def in_use(
    tasks: Iterable[Task], definitions: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, frozenset[int]]]:
    """Chips by task, by container instance, of tasks that have not stopped."""
    found: dict[str, dict[str, frozenset[int]]] = defaultdict(dict)
    for task in tasks:
        chips = of(task, definitions)
        if chips and task.get("containerInstanceArn") and task.get("lastStatus") != "STOPPED":
            found[task["containerInstanceArn"]][task["taskArn"]] = chips
    return dict(found)


def clashes(tasks: Iterable[Task], definitions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for each two tasks of one instance that have a chip in common."""
    return [
        f"tasks {names.short(one)} and {names.short(other)} on {names.short(instance)} both have"
        f" {spoken(has[one] & has[other])}: a NeuronCore serves one process only"
        for instance, has in sorted(in_use(tasks, definitions).items())
        for one, other in combinations(sorted(has), 2)
        if has[one] & has[other]
    ]


def spoken(chips: Iterable[int]) -> str:
    return ", ".join(f"/dev/neuron{chip}" for chip in sorted(chips))


def warn(
    desk: Desk, cluster: str, started: Iterable[Task], definitions: Mapping[str, Mapping[str, Any]]
) -> None:
    """Say which of the tasks just started share a chip with another; nothing where that may not be seen."""
    mine = [task for task in started if of(task, definitions) and task.get("containerInstanceArn")]
    try:
        arns = {
            arn
            for instance in {task["containerInstanceArn"] for task in mine}
            for page in desk.aws.ecs.get_paginator("list_tasks").paginate(
                cluster=cluster, containerInstance=instance
            )
            for arn in page["taskArns"]
        }
        tasks, _ = find.describe(desk.aws, cluster, sorted(arns)) if arns else ([], [])
        unknown = [task for task in tasks if task["taskDefinitionArn"] not in definitions]
        known = {**definitions, **find.definitions(desk.aws, unknown)}
    except Exception as error:
        if explained(error) is None:
            raise
        return
    ours = {names.short(task["taskArn"]) for task in mine}
    for line in clashes(tasks, known):
        if any(task in line for task in ours):
            desk.say(f"warning: {line}")
