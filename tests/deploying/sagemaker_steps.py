"""Steps of a scripted endpoint (``sagemaker_endpoints.py``): what each look at it shows next."""

from __future__ import annotations

from typing import Any

from tests.deploying.sagemaker_endpoints import PretendSageMaker, Step, succeeds

__all__ = ["fails", "goes_on", "mixes", "rolls_back", "somebody_deploys", "succeeds", "vanishes"]


def goes_on(status: str = "Creating", message: str = "") -> Step:
    """It is still on its way; its variants say how far."""

    def step(_: PretendSageMaker, endpoint: dict[str, Any]) -> None:
        pending = endpoint.get("PendingDeploymentSummary", endpoint)
        for variant in pending["ProductionVariants"]:
            variant["VariantStatus"] = [{"Status": status, **({"StatusMessage": message} if message else {})}]

    return step


def fails(reason: str) -> Step:
    def step(_: PretendSageMaker, endpoint: dict[str, Any]) -> None:
        endpoint.pop("PendingDeploymentSummary", None)
        endpoint["EndpointStatus"], endpoint["FailureReason"] = "Failed", reason

    return step


def rolls_back(reason: str) -> Step:
    """InService again, with what it had."""

    def step(_: PretendSageMaker, endpoint: dict[str, Any]) -> None:
        del endpoint["PendingDeploymentSummary"]
        endpoint["EndpointStatus"], endpoint["FailureReason"] = "InService", reason

    return step


def mixes(reason: str) -> Step:
    """Neither the update nor its rollback worked."""

    def step(_: PretendSageMaker, endpoint: dict[str, Any]) -> None:
        endpoint.pop("PendingDeploymentSummary", None)
        endpoint["EndpointStatus"], endpoint["FailureReason"] = "UpdateRollbackFailed", reason

    return step


def somebody_deploys(config: str) -> Step:
    """It ends with a configuration that is neither the old nor the new one."""

    def step(aws: PretendSageMaker, endpoint: dict[str, Any]) -> None:
        succeeds(aws, endpoint)
        endpoint["EndpointConfigName"] = config

    return step


def vanishes(aws: PretendSageMaker, endpoint: dict[str, Any]) -> None:
    """Somebody deleted it; the look that finds nothing is this one."""
    del aws.endpoints[endpoint["EndpointName"]]
