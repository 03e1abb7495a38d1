"""Who may take on each role."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.policy import document
from neuronserve.deploy.policy.place import Place

TASKS = "ecs-tasks.amazonaws.com"  # in every partition
SAGEMAKER = "sagemaker.amazonaws.com"  # the same


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


def sagemaker(place: Place, resource: str = "*") -> dict[str, Any]:
    """For execution roles: SageMaker, for what is of this account and region only.

    ``resource``: such as ``compilation-job/*``. For models and endpoints AWS takes nothing but ``*``
    (developer guide, "Cross-service confused deputy prevention"); the account is in the ARN.
    """
    return document.trust(SAGEMAKER, {"ArnLike": {"aws:SourceArn": place.arn("sagemaker", resource)}})
