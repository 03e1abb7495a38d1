"""Why RunTask placed a task nowhere: each reason of its ``failures``, what it means, and one thing to do.

Source: the ECS developer guide, "Amazon ECS API failure reasons". A reason comes once for each container
instance that was looked at, so there may be more of them than tasks.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from neuronserve.deploy.ecs.tasks import names

if TYPE_CHECKING:
    from neuronserve.deploy.ecs.cluster import ContainerInstance
    from neuronserve.deploy.ecs.placement import Demand


@dataclasses.dataclass(frozen=True)
class Kind:
    """``fix``: where an instance could take the task at another time; ``never``: where none ever can."""

    pattern: re.Pattern[str]
    meaning: str
    fix: str
    never: str = ""


def _kind(pattern: str, meaning: str, fix: str, never: str = "") -> Kind:
    return Kind(re.compile(pattern, re.IGNORECASE), meaning, fix, never or fix)


_SIZE = "render it for what instances really register (scripts/task-definition render), or add larger ones"
KINDS = (
    _kind(r"RESOURCE:CPU", "too little cpu is free", "stop a task there, or add an instance", _SIZE),
    _kind(
        r"RESOURCE:MEMORY",
        "too little memory is free; an instance registers less than its nominal size",
        "stop a task there, or add an instance",
        _SIZE,
    ),
    _kind(
        r"RESOURCE:PORTS?(_TCP|_UDP)?",
        "a port of the instance that the definition fixes is taken, by another task or the host",
        "stop the task that has it, add an instance, or render with another --host-port",
        "render with another --host-port: the instances reserve this one",
    ),
    _kind(
        r"RESOURCE:ENI",
        "no network interface can be attached: in awsvpc mode each task takes one",
        "render with bridge networking, stop a task there, or turn on awsvpcTrunking",
    ),
    _kind(
        r"RESOURCE:GPU",
        "the definition asks for GPUs; Neuron instances have none",
        "remove the GPU resourceRequirements: chips are devices",
    ),
    _kind(
        r"RESOURCE:(NEURON\w*|\S+)",
        "the instances have too little of this resource",
        "stop a task there, or add an instance that has it",
    ),
    _kind(
        r"AGENT",
        "the instance's agent is disconnected; for a moment that is normal, several times an hour",
        "run it again in a minute; if it stays, restart the agent (sudo systemctl restart ecs)",
    ),
    _kind(
        r"LOCATION",
        "the instances are in other Availability Zones than the subnets",
        "give a --subnet in the zone of an instance that can take the task",
    ),
    _kind(
        r"ATTRIBUTE",
        "the definition needs an attribute that the instances lack, such as that of a log driver or awsvpc",
        "use a recent Neuron AMI (scripts/ecs ami), or leave out what needs it: requiresAttributes names it",
    ),
    _kind(
        r"MISSING",
        "ECS knows no such container instance or cluster",
        "look at --cluster and --region: scripts/ecs status shows what is there",
    ),
    _kind(
        r"INACTIVE",
        "it was deregistered or deleted: the container instance, the cluster or the task definition",
        "name one that is ACTIVE: scripts/ecs status and scripts/task-definition revisions show them",
    ),
    _kind(
        r"memberOf placement constraint unsatisfied\.?",
        "no instance satisfies the placement constraint; values such as inf1.xlarge are lower case",
        "add an instance of that type, or correct the constraint",
    ),
    _kind(
        r"distinctInstance placement constraint unsatisfied\.?",
        "each instance has a task of this group already",
        "add an instance, or leave --distinct-instance out",
    ),
    _kind(
        r"EMPTY CAPACITY PROVIDER|.*capacity provider.*",
        "the capacity provider has no instances, and none came",
        "look at its Auto Scaling group's activities: limits and zones stop launches",
    ),
)


def kind(reason: str) -> Kind | None:
    """What is known of a reason; None: nothing, it speaks for itself."""
    return next((known for known in KINDS if known.pattern.fullmatch(reason.strip())), None)


def explain(
    failures: Sequence[dict[str, Any]], demand: Demand | None, instances: Sequence[ContainerInstance] | None
) -> list[str]:
    """A line for each reason; without failures one that says so. Numbers come last, where they may be seen.

    ``instances`` None: they may not be looked at.
    """
    from neuronserve.deploy.ecs import placement

    never = demand is not None and placement.never(demand, instances or ())
    lines = [
        _line(reason, arns, details, never=never) for reason, (arns, details) in _grouped(failures).items()
    ]
    if not lines:
        lines = ["ECS placed it nowhere and gave no reason (neither tasks nor failures)"]
    if demand is not None and instances is not None:
        fits = any(not placement.reasons(demand, instance) for instance in instances)
        lines.append(placement.explain(demand, instances)[-1] + (" by now: run it again" if fits else ""))
    elif not failures:
        lines.append(
            "it needs an ACTIVE instance with its cpu, memory and ports free that satisfies every constraint;"
            " scripts/ecs status shows what is free"
        )
    return lines


def _grouped(failures: Iterable[dict[str, Any]]) -> dict[str, tuple[list[str], list[str]]]:
    """Instances and details by reason."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for failure in failures:
        arns, details = found.setdefault(failure.get("reason") or "no reason given", ([], []))
        if failure.get("arn"):
            arns.append(names.short(failure["arn"]))
        if failure.get("detail"):
            details.append(failure["detail"])
    return found


def _line(reason: str, arns: Sequence[str], details: Sequence[str], *, never: bool) -> str:
    known = kind(reason)
    where = f" on {', '.join(dict.fromkeys(arns))}" if arns else ""
    detail = f" ({'; '.join(dict.fromkeys(details))})" if details else ""
    if known is None:
        return f"{reason}{where}{detail}: a reason that neuronserve does not know, in ECS's own words"
    return f"{reason}{where}{detail}: {known.meaning}; {known.never if never else known.fix}"
