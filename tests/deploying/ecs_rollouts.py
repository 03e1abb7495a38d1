"""A small ECS that rolls services out as a script says, over the real protocol (JSON 1.1, HTTP).

What moto's services never do: complete, fail, roll back, be replaced or vanish (``rollout_steps.py``).
CreateService and UpdateService refuse what the real ones refuse, in their words.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import deque
from collections.abc import Callable
from typing import Any

from tests.deploying.json_aws import Front, Refused

ACCOUNT = "arn:aws:ecs:us-east-1:123456789012"
CLUSTER = f"{ACCOUNT}:cluster/c"
BEGIN = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
Step = Callable[["PretendEcs", dict[str, Any]], None]


def container_instance(memory: int = 500_000, free: int | None = None) -> dict[str, Any]:
    """A container instance with so much memory registered, and so much of it free (MiB)."""

    def resources(mib: int) -> list[dict[str, Any]]:
        return [
            {"name": "CPU", "type": "INTEGER", "integerValue": 196_608},
            {"name": "MEMORY", "type": "INTEGER", "integerValue": mib},
            {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]},
            {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []},
        ]

    return {
        "containerInstanceArn": f"{ACCOUNT}:container-instance/c/1",
        "ec2InstanceId": "i-0123456789abcdef0",
        "status": "ACTIVE",
        "agentConnected": True,
        "registeredResources": resources(memory),
        "remainingResources": resources(memory if free is None else free),
        "attributes": [{"name": "ecs.instance-type", "value": "inf1.xlarge"}],
    }


class PretendEcs:
    """``script``: one step before each DescribeServices once a deployment ``begun``; the last state stays.

    ``tasks``: those that have STOPPED. ``scaled``: Application Auto Scaling's ScalableTargets. ``front``:
    what was asked, and what is to fail.
    """

    def __init__(self) -> None:
        self.front = Front("ecs")
        self.definitions: dict[str, list[dict[str, Any]]] = {}
        self.services: dict[str, dict[str, Any]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.instances: list[dict[str, Any]] = [container_instance()]
        self.tasks: list[dict[str, Any]] = []
        self.scaled: list[dict[str, Any]] = []
        self.script: deque[Step] = deque()
        self.begun = False
        self._numbers = itertools.count(1)

    # Setting the scene.

    def registered(self, family: str = "web", **more: Any) -> str:
        """The ARN of a new revision."""
        made = self.register_task_definition(DEFINITION | {"family": family} | more)
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def serves(self, definition: str, name: str = "web", **more: Any) -> dict[str, Any]:
        """A service whose deployment of ``definition`` completed."""
        request = {"cluster": "c", "serviceName": name, "taskDefinition": definition, **REQUEST, **more}
        self.create_service(request)
        service = self.services[name]
        complete(self, service)
        self.begun = False
        return service

    def time(self) -> dt.datetime:
        """Later with each look at it."""
        return BEGIN + dt.timedelta(seconds=next(self._numbers))

    def register_task_definition(self, request: dict[str, Any]) -> dict[str, Any]:
        revisions = self.definitions.setdefault(request["family"], [])
        number = len(revisions) + 1
        arn = f"{ACCOUNT}:task-definition/{request['family']}:{number}"
        kept = {key: value for key, value in request.items() if key != "tags"}
        revisions.append({**kept, "revision": number, "status": "ACTIVE", "taskDefinitionArn": arn})
        return {"taskDefinition": revisions[-1], "tags": request.get("tags", [])}

    def describe_task_definition(self, request: dict[str, Any]) -> dict[str, Any]:
        family, _, number = request["taskDefinition"].rpartition("/")[2].partition(":")
        found = [
            one
            for one in self.definitions.get(family, ())
            if (str(one["revision"]) == number if number else one["status"] == "ACTIVE")
        ]
        if not found:
            raise Refused("ClientException", "Unable to describe task definition.")
        return {"taskDefinition": found[-1], "tags": []}

    def list_task_definitions(self, request: dict[str, Any]) -> dict[str, Any]:
        family = self.definitions.get(request["familyPrefix"], ())
        return {
            "taskDefinitionArns": [
                one["taskDefinitionArn"] for one in family if one["status"] == request["status"]
            ]
        }

    def create_service(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["serviceName"]
        there = self.services.get(name, {}).get("status")
        if there == "ACTIVE":
            raise _invalid("Creation of service was not idempotent.")
        if there == "DRAINING":
            raise _invalid("Unable to Start a service that is still Draining.")
        _check_new(request)
        kept = {key: value for key, value in request.items() if key != "cluster"}
        service = {
            "serviceArn": f"{ACCOUNT}:service/c/{name}", "clusterArn": CLUSTER, "status": "ACTIVE",
            "runningCount": 0, "pendingCount": 0, "desiredCount": len(self.instances), "deployments": [],
            "events": [], "availabilityZoneRebalancing": "ENABLED", "createdAt": self.time(), **kept,
            "taskDefinition": self._arn(request["taskDefinition"]),
        }  # fmt: skip
        self.services[name] = service
        self.history.setdefault(name, [])
        self.begun = True
        self.begin(service)
        return {"service": service}

    def update_service(self, request: dict[str, Any]) -> dict[str, Any]:
        service = self._service(request["service"])
        changes = {k: v for k, v in request.items() if k not in {"service", "cluster", "forceNewDeployment"}}
        forced = request.get("forceNewDeployment", False)
        if service["status"] != "ACTIVE":
            raise Refused("ServiceNotActiveException", "Service was not ACTIVE.")
        if "capacityProviderStrategy" in changes and not forced:
            raise _invalid(
                "When switching from launch type to capacity provider strategy on an existing service, or "
                "making a change to a capacity provider strategy on a service that is already using one, you "
                "must force a new deployment."
            )
        if "taskDefinition" in changes:
            changes["taskDefinition"] = self._arn(changes["taskDefinition"])
        _check_share({**service, **changes})
        deploys = forced or any(
            changes.get(key, service.get(key)) != service.get(key)
            for key in ("taskDefinition", "loadBalancers", "networkConfiguration")
        )
        service.update(changes)
        self.begun = True
        if deploys:
            self.begin(service)
        else:
            service["deployments"][0]["desiredCount"] = service["desiredCount"]
        return {"service": service}

    def describe_services(self, request: dict[str, Any]) -> dict[str, Any]:
        (name,) = request["services"]
        if self.begun and self.script and name in self.services:
            self.script.popleft()(self, self.services[name])
        if name not in self.services:
            return {
                "services": [],
                "failures": [{"arn": f"{ACCOUNT}:service/c/{name}", "reason": "MISSING"}],
            }
        return {"services": [self.services[name]], "failures": []}

    def list_tasks(self, request: dict[str, Any]) -> dict[str, Any]:
        """A hundred to a page."""
        found = self.tasks if request.get("desiredStatus") == "STOPPED" else []
        arns, start = [task["taskArn"] for task in found], int(request.get("nextToken", 0))
        answer: dict[str, Any] = {"taskArns": arns[start : start + 100]}
        return {**answer, "nextToken": str(start + 100)} if len(arns) > start + 100 else answer

    def describe_tasks(self, request: dict[str, Any]) -> dict[str, Any]:
        if len(request["tasks"]) > 100:
            raise _invalid("Tasks cannot be more than 100.")
        return {"tasks": [task for task in self.tasks if task["taskArn"] in request["tasks"]], "failures": []}

    def describe_scalable_targets(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"ScalableTargets": self.scaled}

    def describe_clusters(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"clusters": [{"clusterName": name, "status": "ACTIVE"} for name in request["clusters"]]}

    def list_container_instances(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"containerInstanceArns": [one["containerInstanceArn"] for one in self.instances]}

    def describe_container_instances(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"containerInstances": self.instances, "failures": []}

    def tag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        service = self._service(request["resourceArn"])
        kept = {tag["key"]: tag["value"] for tag in [*service.get("tags", ()), *request["tags"]]}
        service["tags"] = [{"key": key, "value": value} for key, value in kept.items()]
        return {}

    def list_service_deployments(self, request: dict[str, Any]) -> dict[str, Any]:
        """Two to a page."""
        all_of_it = self.history[request["service"].rpartition("/")[2]][::-1]
        found = [one for one in all_of_it if one["status"] in request.get("status", [one["status"]])]
        start = int(request.get("nextToken", 0))
        keys = ("serviceDeploymentArn", "createdAt", "status", "targetServiceRevisionArn")
        answer: dict[str, Any] = {
            "serviceDeployments": [{key: one[key] for key in keys} for one in found[start : start + 2]]
        }
        return {**answer, "nextToken": str(start + 2)} if len(found) > start + 2 else answer

    def describe_service_revisions(self, request: dict[str, Any]) -> dict[str, Any]:
        found = [
            {"serviceRevisionArn": one["targetServiceRevisionArn"], "taskDefinition": one["taskDefinition"]}
            for deployments in self.history.values()
            for one in deployments
            if one["targetServiceRevisionArn"] in request["serviceRevisionArns"]
        ]
        return {"serviceRevisions": found, "failures": []}

    # Deployments.

    def begin(self, service: dict[str, Any], reason: str = "in progress") -> dict[str, Any]:
        """A new PRIMARY deployment of what the service is to run."""
        number, now = next(self._numbers), self.time()
        for older in service["deployments"]:
            older["status"] = "ACTIVE"
        made = {
            "id": f"ecs-svc/{number}", "status": "PRIMARY", "taskDefinition": service["taskDefinition"],
            "desiredCount": service["desiredCount"], "pendingCount": service["desiredCount"],
            "runningCount": 0, "failedTasks": 0, "rolloutState": "IN_PROGRESS", "createdAt": now,
            "rolloutStateReason": f"ECS deployment ecs-svc/{number} {reason}.",
        }  # fmt: skip
        service["deployments"] = [made, *service["deployments"]]
        self.history[service["serviceName"]].append({
            "serviceDeploymentArn": f"{ACCOUNT}:service-deployment/c/{service['serviceName']}/d{number}",
            "targetServiceRevisionArn": f"{ACCOUNT}:service-revision/c/{service['serviceName']}/{number}",
            "taskDefinition": service["taskDefinition"], "createdAt": now, "status": "IN_PROGRESS",
        })  # fmt: skip
        return made

    def _service(self, name: str) -> dict[str, Any]:
        if name.rpartition("/")[2] not in self.services:
            raise Refused("ServiceNotFoundException", "Service not found.")
        return self.services[name.rpartition("/")[2]]

    def _arn(self, name: str) -> str:
        found = self.describe_task_definition({"taskDefinition": name})
        return str(found["taskDefinition"]["taskDefinitionArn"])


def complete(ecs: PretendEcs, service: dict[str, Any]) -> None:
    """The PRIMARY deployment of a service reaches its end."""
    primary = service["deployments"][0]
    primary |= {"runningCount": primary["desiredCount"], "pendingCount": 0, "rolloutState": "COMPLETED"}
    primary["rolloutStateReason"] = f"ECS deployment {primary['id']} completed."
    service |= {"deployments": [primary], "runningCount": primary["desiredCount"], "pendingCount": 0}
    ecs.history[service["serviceName"]][-1]["status"] = "SUCCESSFUL"


def _invalid(message: str) -> Refused:
    return Refused("InvalidParameterException", message)


def _check_new(request: dict[str, Any]) -> None:
    if "capacityProviderStrategy" in request and "launchType" in request:
        raise _invalid("Specifying both a launch type and capacity provider strategy is not supported.")
    if request.get("schedulingStrategy") == "DAEMON":
        if "desiredCount" in request:
            raise _invalid("The daemon scheduling strategy does not support a desired count for services.")
        if "capacityProviderStrategy" in request or "launchType" not in request:
            raise _invalid("Specifying a capacity provider strategy is not supported ... DAEMON.")
        if request["deploymentConfiguration"].get("maximumPercent", 200) > 100:
            raise _invalid(
                "The daemon scheduling strategy does not support values above 100 for maximumPercent"
            )
    elif "desiredCount" not in request:
        raise _invalid("desiredCount is required")
    _check_share({"availabilityZoneRebalancing": "ENABLED", **request})


def _check_share(service: dict[str, Any]) -> None:
    most = (service.get("deploymentConfiguration") or {}).get("maximumPercent", 200)
    if service["availabilityZoneRebalancing"] == "ENABLED" and most <= 100:
        raise _invalid("AvailabilityZoneRebalancing does not support maximumPercent <= 100.")


DEFINITION: dict[str, Any] = {
    "networkMode": "bridge",
    "cpu": "1024",
    "memory": "4096",
    "containerDefinitions": [
        {
            "name": "neuronserve",
            "image": "neuronserve:1",
            "portMappings": [{"containerPort": 8080, "hostPort": 8080}],
            "linuxParameters": {"devices": [{"hostPath": "/dev/neuron0", "containerPath": "/dev/neuron0"}]},
        }
    ],
}
REQUEST: dict[str, Any] = {
    "desiredCount": 1,
    "schedulingStrategy": "REPLICA",
    "availabilityZoneRebalancing": "DISABLED",
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "minimumHealthyPercent": 0,
        "maximumPercent": 100,
    },
    "placementConstraints": [{"type": "distinctInstance"}],
    "enableECSManagedTags": True,
    "propagateTags": "TASK_DEFINITION",
}
