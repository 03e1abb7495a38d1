"""A task as a result: what it is, where it runs, how it can be reached, how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.tasks import definition, hosts
from neuronserve.deploy.ecs.tasks.find import Task
from neuronserve.deploy.ecs.tasks.hosts import Host

_KEPT = ("taskArn", "taskDefinitionArn", "group", "lastStatus", "healthStatus", "stopCode", "stoppedReason")
_TIMES = ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppedAt")
_OF_CONTAINER = ("name", "lastStatus", "healthStatus", "exitCode", "reason", "networkBindings")


def documents(
    desk: Desk, cluster: str, tasks: Iterable[Task], requests: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Each task as a document; ``requests``: task definitions by ARN, as far as they are known."""
    tasks = list(tasks)
    arns = {task["containerInstanceArn"] for task in tasks if task.get("containerInstanceArn")}
    known = hosts.read(desk, cluster, arns) if arns else {}
    return [
        document(
            task, known.get(task.get("containerInstanceArn", "")), requests.get(task["taskDefinitionArn"])
        )
        for task in tasks
    ]


def document(task: Task, host: Host | None, request: Mapping[str, Any] | None) -> dict[str, Any]:
    """In AWS's words where it has them. Overrides are left out: they may hold secrets."""
    found = {key: task[key] for key in (*_KEPT, *_TIMES) if task.get(key)}
    found["containers"] = [
        {key: container[key] for key in _OF_CONTAINER if container.get(key) is not None}
        for container in task.get("containers") or []
    ]
    if task.get("containerInstanceArn"):
        found["containerInstanceArn"] = task["containerInstanceArn"]
    if host:
        where = {
            "ec2InstanceId": host.ec2_instance_id,
            "instanceType": host.instance_type,
            "availabilityZone": host.zone,
            "privateIpAddress": host.private_ip,
            "publicIpAddress": host.public_ip,
        }
        found |= {key: value for key, value in where.items() if value}
    reachable = endpoints(task, host, request)
    if reachable:
        found["endpoints"] = reachable
    return found


def endpoints(task: Task, host: Host | None, request: Mapping[str, Any] | None) -> list[str]:
    """URLs inside the network: of the task's own interface, or of its host with the port it got there."""
    if task.get("lastStatus") == "STOPPED":
        return []
    own = _own_address(task)
    if own:
        ports = [item.get("containerPort") for item in definition.port_mappings(request)] if request else []
        return [f"http://{own}:{port}" for port in ports if port]
    if not host or not host.private_ip:
        return []
    return [f"http://{host.private_ip}:{port}" for port in _host_ports(task, request)]


def _own_address(task: Task) -> str | None:
    for container in task.get("containers") or []:
        for interface in container.get("networkInterfaces") or []:
            if interface.get("privateIpv4Address"):
                return str(interface["privateIpv4Address"])
    details = [pair for attached in task.get("attachments") or [] for pair in attached.get("details") or []]
    return next((pair["value"] for pair in details if pair.get("name") == "privateIPv4Address"), None)


def _host_ports(task: Task, request: Mapping[str, Any] | None) -> list[int]:
    """Those that ECS reports; before it does, those that the definition fixes."""
    bound = [
        binding["hostPort"]
        for container in task.get("containers") or []
        for binding in container.get("networkBindings") or []
        if binding.get("hostPort") and binding.get("protocol", "tcp") == "tcp"
    ]
    return sorted(set(bound)) or (sorted(definition.static_ports(request)) if request else [])
