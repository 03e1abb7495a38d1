"""What a described endpoint means for the deployment that was begun here."""

from __future__ import annotations

import dataclasses
from enum import StrEnum

from neuronserve.deploy.sagemaker.following import live
from neuronserve.deploy.sagemaker.following.live import Described


@dataclasses.dataclass(frozen=True)
class Ours:
    """``config``: the configuration that is to serve. ``before``: the one that did; None: new."""

    endpoint: str
    config: str
    before: str | None = None


class Ending(StrEnum):
    DEPLOYED = "deployed"
    FAILED = "failed"
    ROLLED_BACK = "was rolled back"
    MIXED = "neither went through nor back"
    SUPERSEDED = "was superseded"
    GONE = "is gone"


@dataclasses.dataclass(frozen=True)
class Verdict:
    ending: Ending
    reason: str


def judge(endpoint: Described | None, ours: Ours, *, settled: bool) -> Verdict | None:
    """None while it goes on. ``settled``: SageMaker shows what was sent, and no longer what was before."""
    if endpoint is None:
        return Verdict(Ending.GONE, "SageMaker has no endpoint of that name") if settled else None
    status = endpoint["EndpointStatus"]
    reason = endpoint.get("FailureReason") or "SageMaker gives no reason"
    if status in live.IN_PROGRESS:
        return None
    if status == live.DELETING:
        return Verdict(Ending.GONE, "somebody deletes it")
    if status == "UpdateRollbackFailed":
        return Verdict(Ending.MIXED, reason)
    if status != live.IN_SERVICE:
        return Verdict(Ending.FAILED, reason if status == live.FAILED else f"it is {status}: {reason}")
    serving = endpoint.get("EndpointConfigName")
    if serving == ours.config:
        return Verdict(Ending.DEPLOYED, "in service")
    if not settled:
        return None
    if serving == ours.before:
        return Verdict(Ending.ROLLED_BACK, reason)
    return Verdict(Ending.SUPERSEDED, f"{serving} serves now")


def progress(endpoint: Described, ours: Ours) -> str:
    """One line about how far it is."""
    pending = endpoint.get("PendingDeploymentSummary") or {}
    variants = pending.get("ProductionVariants") or endpoint.get("ProductionVariants") or ()
    told = ", ".join(_variant(one) for one in variants)
    to = pending.get("EndpointConfigName")
    goal = f" to {to}" if to and endpoint["EndpointStatus"] == "Updating" else ""
    return f"{ours.endpoint}: {endpoint['EndpointStatus']}{goal}{f'; {told}' if told else ''}"


def _variant(one: Described) -> str:
    status = ", ".join(
        item["Status"] + (f": {item['StatusMessage']}" if item.get("StatusMessage") else "")
        for item in one.get("VariantStatus") or ()
    )
    count, wanted = one.get("CurrentInstanceCount"), one.get("DesiredInstanceCount")
    numbers = f" {count or 0}/{wanted} instances" if wanted is not None else ""
    return f"{one['VariantName']}{numbers}{f' ({status})' if status else ''}"
