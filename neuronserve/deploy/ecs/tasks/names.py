"""The parts of ECS's ARNs: ``arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID``, and older ones without CLUSTER."""

from __future__ import annotations


def short(arn: str) -> str:
    """The last part: a task's or an instance's id, ``family:revision`` of a definition, a cluster's name."""
    return arn.rpartition("/")[2]


def cluster_in(arn: str) -> str | None:
    """The cluster that an ARN of a task or a service names, None where it names none."""
    parts = arn.split("/")
    return parts[1] if arn.startswith("arn:") and len(parts) == 3 else None
