"""Who may take on each role."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.policy import document
from neuronserve.deploy.policy.place import Place

TASKS = "ecs-tasks.amazonaws.com"  # in every partition


def tasks(place: Place) -> dict[str, Any]:
    """For task and execution roles: ECS, for tasks of this account and region only (no confused deputy)."""
    return document.trust(
        TASKS,
        {
            "ArnLike": {"aws:SourceArn": f"arn:{place.partition}:ecs:{place.region}:{place.account}:*"},
            "StringEquals": {"aws:SourceAccount": place.account},
        },
    )


def instances(place: Place) -> dict[str, Any]:
    """For container instances."""
    return document.trust(f"ec2.{place.suffix}")


def infrastructure() -> dict[str, Any]:
    """For what starts Managed Instances: ECS itself."""
    return document.trust("ecs.amazonaws.com")
