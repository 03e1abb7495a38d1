"""What ECS's picture of a service says about one deployment of it: going on, or how it ended. Pure."""

from __future__ import annotations

import dataclasses
import re
from enum import StrEnum
from typing import Any

from neuronserve.deploy.ecs.services import live
from neuronserve.deploy.ecs.services.changes import same_definition


@dataclasses.dataclass(frozen=True)
class Ours:
    """The deployment that is followed, and what was PRIMARY before it (None: nothing, a new service)."""

    cluster: str
    service: str
    task_definition: str
    deployment: str
    before: str | None = None
    before_definition: str | None = None


class Ending(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"
    SUPERSEDED = "superseded"
    GONE = "gone"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """``reason``: in one sentence, for a person."""

    ending: Ending
    reason: str = ""


_BACK = re.compile(r"roll(ing|ed)?[ -]?back|circuit breaker|alarm", re.IGNORECASE)


def judge(service: dict[str, Any] | None, ours: Ours, *, settled: bool = True) -> Verdict | None:
    """None: it goes on. ``settled``: ECS's answers can no longer be older than the call that deployed."""
    if service is None or service.get("status") != live.ACTIVE:
        if service is None and not settled:
            return None
        state = "there no more" if service is None else f"{service.get('status')}: somebody deleted it"
        return Verdict(Ending.GONE, f"the service is {state}")
    primary = live.primary(service)
    if not primary:
        return None
    if primary.get("id") == ours.deployment and same_definition(
        primary.get("taskDefinition", ""), ours.task_definition
    ):
        return _own(service, primary)
    mine = next((item for item in live.deployments(service) if item.get("id") == ours.deployment), None)
    if mine is None and primary.get("id") == ours.before and not settled:
        return None
    return _others(primary, mine or {}, ours)


def _own(service: dict[str, Any], primary: dict[str, Any]) -> Verdict | None:
    state = primary.get("rolloutState")
    if state == "FAILED":
        return Verdict(Ending.FAILED, primary.get("rolloutStateReason") or "ECS gives no reason")
    # Behind a Classic Load Balancer ECS tells no state: no older deployment is left when it is done.
    done = len(live.deployments(service)) == 1 if state is None else state == "COMPLETED"
    counts = {primary.get("runningCount", 0), primary.get("desiredCount", 0), service.get("desiredCount", 0)}
    return Verdict(Ending.COMPLETED) if done and len(counts) == 1 else None


def _others(primary: dict[str, Any], mine: dict[str, Any], ours: Ours) -> Verdict:
    """Another deployment is the PRIMARY one: ECS went back, or somebody deployed something else."""
    definition, why = primary.get("taskDefinition", ""), primary.get("rolloutStateReason") or ""
    revision = definition.rpartition("/")[2]
    failed = mine.get("rolloutState") == "FAILED"
    if failed or primary.get("id") == ours.before or _BACK.search(why) or _is_before(definition, ours):
        reason = (mine.get("rolloutStateReason") if failed else None) or why or "ECS gives no reason"
        return Verdict(Ending.ROLLED_BACK, f"{reason.rstrip('.')}; the service is back on {revision}")
    if primary.get("id") == ours.deployment:
        return Verdict(Ending.SUPERSEDED, f"ECS shows {revision} as what this deployment deploys")
    again = same_definition(definition, ours.task_definition)
    who = "ECS rolled it back, or somebody else deployed" if again else "somebody else deployed"
    return Verdict(
        Ending.SUPERSEDED, f"another deployment ({primary.get('id')}, of {revision}) took its place: {who}"
    )


def _is_before(definition: str, ours: Ours) -> bool:
    before = ours.before_definition
    return (
        before is not None
        and not same_definition(before, ours.task_definition)
        and same_definition(definition, before)
    )


def own(service: dict[str, Any], ours: Ours) -> dict[str, Any] | None:
    """ECS's picture of the deployment that is followed."""
    return next((item for item in live.deployments(service) if item.get("id") == ours.deployment), None)


def progress(service: dict[str, Any], ours: Ours) -> str:
    """One line about the deployment, the same as long as nothing moved."""
    found = own(service, ours)
    if found is None:
        return f"{ours.service}: deployment {ours.deployment} is not shown"
    counts = ", ".join(
        f"{word} {found.get(key, 0)}"
        for word, key in (
            ("desired", "desiredCount"),
            ("pending", "pendingCount"),
            ("running", "runningCount"),
            ("failed", "failedTasks"),
        )
    )
    others = sum(
        item.get("runningCount", 0) for item in live.deployments(service) if item.get("id") != ours.deployment
    )
    old = f"; {others} of an older deployment still running" if others else ""
    return f"{ours.service}: {found.get('rolloutState') or found.get('status')}: {counts}{old}"
