"""What a person has to know of a trial before it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuronserve.deploy import credentials
from neuronserve.deploy.ecs.agent import hardware, network
from neuronserve.deploy.ecs.local import conflicts
from neuronserve.deploy.ecs.local.plan import Plan, Wishes
from neuronserve.deploy.ecs.local.readiness import Wait

Requests = Sequence[Mapping[str, Any]]


def of(plan: Plan, requests: Requests, wishes: Wishes, wait: Wait) -> Iterator[str]:
    for task in plan.tasks:
        yield from (f"{task.name}: note: {note}" for note in task.notes)
    simulated = wishes.chips.simulated
    instance = simulated or next(filter(None, map(hardware.instance_type, requests)), None)
    yield from (f"note: {note}" for note in conflicts.notes(requests, instance))
    if wait is Wait.HEALTHY and any(not c.check for task in plan.tasks for c in task.containers):
        yield "note: a container without healthCheck counts as healthy while it runs"
    if any(map(_asks_aws, requests)) and "AWS_ACCESS_KEY_ID" not in wishes.variables:
        yield "note: the containers get no AWS credentials; --pass-aws hands on those that it finds here"
    apart = any(network.mode_of(request) != "host" for request in requests)
    for name in credentials.unreachable(wishes.variables) if apart else ():
        yield f"note: {name} is an address of this machine; in a container it is the container's own"
    if simulated:
        yield f"note: SIMULATED: the chips of {simulated.name} are null devices"


def _asks_aws(request: Mapping[str, Any]) -> bool:
    """Has it a task role, or a model in S3?"""
    variables = [v for c in request["containerDefinitions"] for v in c.get("environment") or ()]
    in_s3 = any(v["name"] == "MODEL_URI" and v.get("value", "").startswith("s3://") for v in variables)
    return in_s3 or bool(request.get("taskRoleArn"))
