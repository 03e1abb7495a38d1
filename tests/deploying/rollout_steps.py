"""What happens to a service between two looks at it: steps for the script of ``ecs_rollouts.PretendEcs``."""

from __future__ import annotations

from typing import Any

from tests.deploying.ecs_rollouts import ACCOUNT, CLUSTER, PretendEcs, Step, complete


def waits(_: PretendEcs, __: dict[str, Any]) -> None:
    """Nothing moves."""


completes = complete


def completes_before_its_tasks_run(ecs: PretendEcs, service: dict[str, Any]) -> None:
    """As with early success criteria."""
    service["deployments"][0]["rolloutState"] = "COMPLETED"


def fails(_: PretendEcs, service: dict[str, Any]) -> None:
    """The circuit breaker opens, and there is nothing to go back to."""
    primary = service["deployments"][0]
    primary |= {"rolloutState": "FAILED", "failedTasks": 3, "pendingCount": 0}
    primary["rolloutStateReason"] = "ECS deployment circuit breaker: tasks failed to start."


def goes_back(ecs: PretendEcs, service: dict[str, Any]) -> None:
    """The circuit breaker opens, and ECS begins to deploy the last good task definition."""
    fails(ecs, service)
    ecs.history[service["serviceName"]][-1]["status"] = "ROLLBACK_SUCCESSFUL"
    last = service["deployments"][1]
    service["taskDefinition"] = last["taskDefinition"]
    made = ecs.begin(service)
    made["rolloutStateReason"] = f"ECS deployment circuit breaker: rolling back to deploymentId {last['id']}."


def is_stable_again(ecs: PretendEcs, service: dict[str, Any]) -> None:
    """Rolled back long ago: nothing shows the failed deployment any more."""
    goes_back(ecs, service)
    completes(ecs, service)


def is_as_before(ecs: PretendEcs, service: dict[str, Any]) -> None:
    """ECS made the earlier deployment the PRIMARY one again, under its own id."""
    last = service["deployments"][1]
    last |= {"status": "PRIMARY", "rolloutState": "COMPLETED"}
    service |= {"deployments": [last], "taskDefinition": last["taskDefinition"]}


def is_shown_as_before(ecs: PretendEcs, service: dict[str, Any]) -> None:
    """This one answer is older than the call that deployed."""
    now = {key: service[key] for key in ("deployments", "taskDefinition")}
    is_as_before(ecs, service)

    def catches_up(_: PretendEcs, later: dict[str, Any]) -> None:
        later.update(now)

    ecs.script.appendleft(catches_up)


def somebody_deploys(definition: str) -> Step:
    def step(ecs: PretendEcs, service: dict[str, Any]) -> None:
        service["taskDefinition"] = definition
        ecs.begin(service)

    return step


def becomes(status: str) -> Step:
    def step(_: PretendEcs, service: dict[str, Any]) -> None:
        service["status"] = status

    return step


def vanishes(ecs: PretendEcs, service: dict[str, Any]) -> None:
    del ecs.services[service["serviceName"]]


def tells(*messages: str) -> Step:
    def step(ecs: PretendEcs, service: dict[str, Any]) -> None:
        for message in messages:
            now = ecs.time()
            event = {"id": f"e{now.timestamp():.0f}", "createdAt": now, "message": message}
            service["events"] = [event, *service["events"]][:100]

    return step


def lacks_a_place(_: PretendEcs, service: dict[str, Any]) -> None:
    """ECS has not told so yet: its event comes later."""
    service["deployments"][0] |= {"pendingCount": 0, "runningCount": 0}


def finds_no_place(ecs: PretendEcs, service: dict[str, Any]) -> None:
    tells(
        f"(service {service['serviceName']}) was unable to place a task because no container instance met "
        "all of its requirements."
    )(ecs, service)
    service["deployments"][0] |= {"pendingCount": 0, "runningCount": 0}


def a_task_stops(
    code: int | None = None,
    why: str = "Essential container in task exited",
    *,
    reason: str | None = None,
    started_by: str | None = None,
) -> Step:
    """A task, of the PRIMARY deployment unless told; ``code``, ``reason``: its container's."""

    def step(ecs: PretendEcs, service: dict[str, Any]) -> None:
        told = {"name": "neuronserve", "exitCode": code, "reason": reason}
        ecs.tasks.append({
            "taskArn": f"{ACCOUNT}:task/c/{len(ecs.tasks):032x}", "clusterArn": CLUSTER,
            "taskDefinitionArn": service["taskDefinition"], "lastStatus": "STOPPED", "stoppedReason": why,
            "startedBy": started_by or service["deployments"][0]["id"],
            "containers": [{key: value for key, value in told.items() if value is not None}],
        })  # fmt: skip
        service["deployments"][0]["failedTasks"] += 1

    return step
