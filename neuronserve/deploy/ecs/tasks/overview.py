"""A cluster as one document: instances, services, tasks, chips, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.cluster import ContainerInstance
from neuronserve.deploy.ecs.tasks import chips, hosts, names, report, survey
from neuronserve.deploy.ecs.tasks.find import Task, Which
from neuronserve.deploy.ecs.tasks.survey import Survey
from neuronserve.errors import NoSuchResource
from neuronserve.instances import catalogue

EVENTS = 5  # of each service, the latest
_CLUSTER = ("clusterName", "status", "runningTasksCount", "pendingTasksCount", "activeServicesCount",
            "registeredContainerInstancesCount", "capacityProviders")  # fmt: skip
_SERVICE = ("serviceName", "status", "schedulingStrategy", "desiredCount", "runningCount", "pendingCount",
            "taskDefinition")  # fmt: skip
_DEPLOYMENT = ("status", "taskDefinition", "rolloutState", "rolloutStateReason", "desiredCount",
               "runningCount", "pendingCount", "failedTasks", "createdAt")  # fmt: skip


def document(desk: Desk, which: Which) -> dict[str, Any]:
    """What there is; ``which`` narrows services and tasks. Parts that may not be seen are said and left out.

    Raises NoSuchResource without the cluster, or without the one that ``which`` names.
    """
    parts = survey.read(desk, which.cluster)
    tasks = [task for task in parts.tasks if _meant(task, which)]
    services = [service for service in parts.services if _meant_service(service, which)]
    named = which.tasks or which.service
    if (which.tasks and len(tasks) < len(which.tasks)) or (which.service and not services):
        raise NoSuchResource(
            f"no {which} in cluster {which.cluster}", hint="ECS forgets a task after an hour"
        )
    on = {task.get("containerInstanceArn") for task in tasks}
    narrowed = bool(named or which.family)
    known = {
        item.arn: hosts.Host(item.arn, item.ec2_instance_id, item.instance_type, "")
        for item in parts.instances
    }
    return {
        "cluster": {key: parts.cluster[key] for key in _CLUSTER if key in parts.cluster},
        "containerInstances": [
            _instance(item, parts) for item in parts.instances if not narrowed or item.arn in on
        ],
        "services": [_service(item) for item in services],
        "tasks": [_task(task, known, parts) for task in tasks],
        "warnings": _warnings(parts),
    }


def _meant(task: Task, which: Which) -> bool:
    if which.tasks:
        return names.short(task["taskArn"]) in map(names.short, which.tasks)
    if which.service:
        return bool(task.get("group") == f"service:{names.short(which.service)}")
    return which.family in (None, _family(task["taskDefinitionArn"]))


def _meant_service(service: Mapping[str, Any], which: Which) -> bool:
    if which.tasks:
        return False
    if which.service:
        return bool(service.get("serviceName") == names.short(which.service))
    return which.family in (None, _family(service.get("taskDefinition", "")))


def _family(arn: str) -> str:
    return names.short(arn).partition(":")[0]


def _instance(item: ContainerInstance, parts: Survey) -> dict[str, Any]:
    kind = catalogue().get(item.instance_type)
    taken = chips.in_use(parts.tasks, parts.definitions).get(item.arn, {})
    return {
        "containerInstanceArn": item.arn,
        "ec2InstanceId": item.ec2_instance_id,
        "instanceType": item.instance_type,
        "status": item.status,
        "agentConnected": item.agent_connected,
        "agentVersion": item.agent_version,
        "registered": {"cpu": item.registered.cpu, "memory": item.registered.memory_mib},
        "remaining": {"cpu": item.remaining.cpu, "memory": item.remaining.memory_mib},
        "runningTasksCount": item.running_tasks,
        "chips": {"all": kind.chips if kind else 0, "inUse": sorted(set().union(*taken.values()))},
    }


def _service(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{key: item[key] for key in _SERVICE if key in item},
        "deployments": [
            {key: found[key] for key in _DEPLOYMENT if key in found}
            for found in item.get("deployments") or []
        ],
        "events": [
            {"createdAt": found.get("createdAt"), "message": found.get("message")}
            for found in (item.get("events") or [])[:EVENTS]
        ],
    }


def _task(task: Task, known: Mapping[str, hosts.Host], parts: Survey) -> dict[str, Any]:
    host = known.get(task.get("containerInstanceArn", ""))
    request = parts.definitions.get(task["taskDefinitionArn"])
    return {
        **report.document(task, host, request),
        "chips": sorted(chips.of(task, parts.definitions)),
    }


def _warnings(parts: Survey) -> list[str]:
    """Of the whole cluster: what a narrowed look would hide."""
    return [*chips.clashes(parts.tasks, parts.definitions), *_beyond(parts), *_unwell(parts.instances)]


def _beyond(parts: Survey) -> Iterable[str]:
    """A task with chips that its instance does not have can start no server."""
    kinds = {item.arn: catalogue().get(item.instance_type) for item in parts.instances}
    for instance, has in chips.in_use(parts.tasks, parts.definitions).items():
        kind = kinds.get(instance)
        for task, taken in sorted(has.items()):
            if kind and max(taken) >= kind.chips:
                has_not = f"/dev/neuron{max(taken)}, and {kind.name} has {kind.chips} chips"
                yield f"task {names.short(task)} is to have {has_not}"


def _unwell(instances: Iterable[ContainerInstance]) -> Iterable[str]:
    for item in instances:
        if not item.agent_connected:
            yield f"{item.name}: its agent is disconnected: it takes no tasks, and tells nothing of its own"
