"""Deploying a service: look, plan, send what differs, and follow it to its end."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from neuronserve.deploy.aws import code_of
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs.registry import registered
from neuronserve.deploy.ecs.services import capacity, changes, creation, live, rules, watching
from neuronserve.deploy.ecs.services.rollout import Ours
from neuronserve.deploy.ecs.services.wanted import Wanted
from neuronserve.errors import AwsFailed, DeploymentFailed

_EVERY = 5.0  # seconds


@dataclasses.dataclass(frozen=True)
class Patience:
    """``wait``: until the rollout ended, at most ``seconds`` for each service.

    ``preflight``: look first whether any container instance can ever take the tasks.
    """

    wait: bool = True
    seconds: float = 1800
    preflight: bool = True


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is sent: AWS's operations with their requests, in order; none when all is so already.

    ``before``: the service as it was, None for a new one.
    """

    wanted: Wanted
    calls: tuple[tuple[str, dict[str, Any]], ...]
    before: dict[str, Any] | None = None


def plan(desk: Desk, wanted: Wanted) -> Plan:
    """Looks, and sends nothing. Raises InvalidInput for what ECS would refuse."""
    rules.check(wanted)
    found = live.look(desk.aws, wanted.cluster, wanted.name, tags=True)
    if found is None or found.get("status") != live.ACTIVE:
        return Plan(wanted, (("CreateService", creation.request(wanted)),), None)
    update, tagging = changes.request(wanted, found), changes.tagging(wanted, found)
    calls = (("UpdateService", update), ("TagResource", tagging))
    return Plan(wanted, tuple((name, request) for name, request in calls if request), found)


def deploy_all(desk: Desk, wanted: Sequence[Wanted], patience: Patience) -> list[dict[str, Any]]:
    """One after the other: slots share an instance, and the others go on serving while one is replaced.

    A service that fails ends it: those after it keep what they run.
    """
    for item in wanted:
        planned = plan(desk, item)  # what can be refused is refused before anything is registered or sent
        if patience.preflight and planned.calls:
            capacity.refuse_impossible(desk, item, planned.before)
    done: list[dict[str, Any]] = []
    for index, item in enumerate(wanted):
        try:
            done.append(deploy(desk, item, patience))
        except (Exception, KeyboardInterrupt):
            if rest := ", ".join(later.name for later in wanted[index + 1 :]):
                desk.say(f"not deployed, as before: {rest}")
            raise
    return done


def deploy(desk: Desk, wanted: Wanted, patience: Patience) -> dict[str, Any]:
    """What runs in the end. Raises DeploymentFailed, TimedOut."""
    planned = plan(desk, _registered(desk, wanted))
    if planned.before is None:
        _wait_for_the_name(desk, wanted, patience)
    service = _send(desk, planned)
    ours = _ours(planned, service)
    if patience.wait:
        service = watching.follow(
            desk, ours, seen=planned.before, definition=wanted.definition, seconds=patience.seconds
        )
        _tell_the_end(desk, ours, service)
    else:
        desk.say(f"{wanted.name}: the rollout goes on in ECS; `scripts/ecs status` shows it")
    return result(service, ours)


def _registered(desk: Desk, wanted: Wanted) -> Wanted:
    if wanted.task_definition.startswith("arn:"):
        return wanted
    made = registered.register(desk.aws, dict(wanted.definition))
    if made.new:
        desk.say(f"registered {made.arn.rpartition('/')[2]}")
    return dataclasses.replace(wanted, task_definition=made.arn)


def _wait_for_the_name(desk: Desk, wanted: Wanted, patience: Patience) -> None:
    """A deleted service is DRAINING until its tasks are gone; ECS gives its name to no other before."""
    told = False

    def free() -> bool | None:
        nonlocal told
        service = live.look(desk.aws, wanted.cluster, wanted.name)
        if service is None or service.get("status") != live.DRAINING:
            return True
        if not patience.wait:
            raise DeploymentFailed(
                f"service {wanted.name} is DRAINING: it was deleted, and its tasks are still stopping",
                hint="try again when they are gone, or with --wait",
            )
        if not told:
            desk.say(f"{wanted.name}: an older service of the name is DRAINING; waiting until it is gone")
            told = True
        return None

    desk.until(
        free, what=f"end of the DRAINING of service {wanted.name}", seconds=patience.seconds, every=_EVERY,
        hint="its tasks are still stopping: see stopTimeout, or `scripts/ecs status`",
    )  # fmt: skip


def _send(desk: Desk, planned: Plan) -> dict[str, Any]:
    """The service as ECS answered. Nothing to send is told: its present deployment is then looked at."""
    wanted, service = planned.wanted, planned.before
    if not planned.calls:
        desk.say(f"{wanted.name}: it is so already; nothing is sent")
    for name, request in planned.calls:
        desk.say(f"{wanted.name}: {name}")
        if name == "TagResource":
            desk.aws.ecs.tag_resource(**request)
            continue
        service = _made(desk, name, request)
    if service is None or not live.primary(service):  # not every ECS answers with the new deployment
        service = live.look(desk.aws, wanted.cluster, wanted.name)
    if service is None:
        raise AwsFailed(f"{wanted.name}: ECS shows no service after {planned.calls[0][0]}")
    return service


def _made(desk: Desk, name: str, request: dict[str, Any]) -> dict[str, Any]:
    call: Any = desk.aws.ecs.create_service if name == "CreateService" else desk.aws.ecs.update_service
    try:
        service: dict[str, Any] = call(**request)["service"]
    except ClientError as error:
        if code_of(error) == "InvalidParameterException" and "not idempotent" in str(error):
            raise DeploymentFailed(
                f"service {request.get('serviceName')} was created by somebody else in this moment",
                hint="deploy again: it is updated then",
            ) from None
        raise
    return service


def _ours(planned: Plan, service: dict[str, Any]) -> Ours:
    primary, before = live.primary(service), live.primary(planned.before or {})
    return Ours(
        cluster=planned.wanted.cluster,
        service=planned.wanted.name,
        task_definition=str(service.get("taskDefinition") or planned.wanted.task_definition),
        deployment=str(primary.get("id", "")),
        before=before.get("id"),
        before_definition=before.get("taskDefinition"),
    )


def _tell_the_end(desk: Desk, ours: Ours, service: dict[str, Any]) -> None:
    revision = ours.task_definition.rpartition("/")[2]
    count = service.get("runningCount", 0)
    desk.say(f"{ours.service}: deployed: {revision}, {count} task{'' if count == 1 else 's'} running")
    if not count and service.get("schedulingStrategy") == "DAEMON":
        desk.say(
            f"{ours.service}: no container instance matches its constraints, so no task shows that it works"
        )
    elif not count:
        desk.say(f"{ours.service}: its desired count is 0, so no task shows that it works")


def result(service: dict[str, Any], ours: Ours) -> dict[str, Any]:
    """For a machine: what was deployed, and how it stood when this was known."""
    mine = next((item for item in live.deployments(service) if item.get("id") == ours.deployment), {})
    return {
        "cluster": service.get("clusterArn", ours.cluster),
        "service": service.get("serviceArn", ours.service),
        "taskDefinition": ours.task_definition,
        "deployment": ours.deployment,
        "rolloutState": mine.get("rolloutState"),
        "desiredCount": service.get("desiredCount", 0),
        "runningCount": service.get("runningCount", 0),
    }
