"""The container instances of a cluster: what each registered, and what of it is free."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.ecs.query import subjects

_AT_ONCE = 100  # DescribeContainerInstances and DescribeTasks take no more


@dataclasses.dataclass(frozen=True)
class Resources:
    """``cpu`` in units, 1024 to a vCPU. ``ports`` and ``udp_ports`` are those that are taken."""

    cpu: int
    memory_mib: int
    ports: frozenset[int] = frozenset()
    udp_ports: frozenset[int] = frozenset()
    gpus: int = 0

    @classmethod
    def of(cls, described: Sequence[Mapping[str, Any]]) -> Resources:
        """From ``registeredResources`` or ``remainingResources``; what is not there counts as nothing."""
        by_name = {item.get("name"): item for item in described}
        return cls(
            cpu=_amount(by_name.get("CPU", {})),
            memory_mib=_amount(by_name.get("MEMORY", {})),
            ports=_ports(by_name.get("PORTS", {})),
            udp_ports=_ports(by_name.get("PORTS_UDP", {})),
            gpus=len(by_name.get("GPU", {}).get("stringSetValue") or ()),
        )


@dataclasses.dataclass(frozen=True)
class ContainerInstance:
    """``task_groups``: of the tasks that run on it, or are about to; None: not read."""

    arn: str
    ec2_instance_id: str
    status: str
    agent_connected: bool
    registered: Resources
    remaining: Resources
    agent_version: str = ""
    registered_at: dt.datetime | None = None
    running_tasks: int = 0
    attributes: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    task_groups: frozenset[str] | None = None

    @property
    def instance_type(self) -> str:
        """Empty where it told none."""
        return self.attributes.get("ecs.instance-type", "")

    @property
    def name(self) -> str:
        """For a person: EC2's id, or the last part of the ARN."""
        return self.ec2_instance_id or self.arn.rpartition("/")[2]

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> ContainerInstance:
        """From DescribeContainerInstances."""
        return cls(
            arn=described["containerInstanceArn"],
            ec2_instance_id=described.get("ec2InstanceId", ""),
            status=described.get("status", ""),
            agent_connected=described.get("agentConnected", False),
            registered=Resources.of(described.get("registeredResources", [])),
            remaining=Resources.of(described.get("remainingResources", [])),
            agent_version=described.get("versionInfo", {}).get("agentVersion", ""),
            registered_at=described.get("registeredAt"),
            running_tasks=described.get("runningTasksCount", 0),
            attributes={item["name"]: item.get("value") or "" for item in described.get("attributes", [])},
        )

    def values(self, subject: str) -> tuple[str, ...] | None:
        """What it has for a subject of the cluster query language; None: not known."""
        if subject.startswith(subjects.ATTRIBUTE):
            name = subject.removeprefix(subjects.ATTRIBUTE)
            return (self.attributes[name],) if name in self.attributes else ()
        if subject == "task:group":
            return None if self.task_groups is None else tuple(sorted(self.task_groups))
        told = {
            "agentConnected": str(self.agent_connected).lower(),
            "agentVersion": self.agent_version,
            "ec2InstanceId": self.ec2_instance_id,
            "registeredAt": self.registered_at.isoformat() if self.registered_at else "",
            "runningTasksCount": str(self.running_tasks),
        }[subject]
        return (told,) if told else ()


def read(aws: Aws, cluster: str, *, task_groups: bool = False) -> tuple[ContainerInstance, ...]:
    """All but the INACTIVE ones, in the order of their ARNs.

    ``task_groups``: also what runs on them, which takes more calls (ListTasks, DescribeTasks).
    Raises botocore's ClientError.
    """
    pages = aws.ecs.get_paginator("list_container_instances").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["containerInstanceArns"]]
    groups = _groups(aws, cluster) if task_groups else None
    found = [
        ContainerInstance.of(item)
        for some in _batches(arns)
        for item in aws.ecs.describe_container_instances(cluster=cluster, containerInstances=some)[
            "containerInstances"
        ]
    ]
    found.sort(key=lambda instance: instance.arn)
    if groups is None:
        return tuple(found)
    return tuple(
        dataclasses.replace(instance, task_groups=frozenset(groups[instance.arn])) for instance in found
    )


def _groups(aws: Aws, cluster: str) -> Mapping[str, set[str]]:
    """Groups of tasks by the ARN of their container instance."""
    arns = [
        arn
        for page in aws.ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus="RUNNING")
        for arn in page["taskArns"]
    ]
    found: dict[str, set[str]] = defaultdict(set)
    for some in _batches(arns):
        for task in aws.ecs.describe_tasks(cluster=cluster, tasks=some)["tasks"]:
            if task.get("containerInstanceArn") and task.get("group"):
                found[task["containerInstanceArn"]].add(task["group"])
    return found


def _batches(arns: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(arns), _AT_ONCE):
        yield list(arns[start : start + _AT_ONCE])


def _amount(resource: Mapping[str, Any]) -> int:
    """Whichever of the three forms of a number it has."""
    return int(resource.get("integerValue") or resource.get("longValue") or resource.get("doubleValue") or 0)


def _ports(resource: Mapping[str, Any]) -> frozenset[int]:
    return frozenset(int(port) for port in resource.get("stringSetValue") or () if port.isdecimal())
