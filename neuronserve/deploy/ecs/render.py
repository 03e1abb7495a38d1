"""RegisterTaskDefinition requests from a TaskSpec, in AWS's own shape."""

from __future__ import annotations

from typing import Any

from neuronserve.deploy.ecs import constraints, container
from neuronserve.deploy.ecs.shares import Share, shares
from neuronserve.deploy.ecs.spec import Mode, TaskSpec


def task_definitions(spec: TaskSpec) -> list[dict[str, Any]]:
    """One request, or one for each slot. Raises InvalidInput for what ECS or the instance cannot do."""
    return [_request(spec, share) for share in shares(spec)]


def _request(spec: TaskSpec, share: Share) -> dict[str, Any]:
    managed = spec.mode is Mode.MANAGED
    request: dict[str, Any] = {
        "family": f"{spec.family}-slot{share.index}" if spec.mode is Mode.SLOTS else spec.family,
        "requiresCompatibilities": ["MANAGED_INSTANCES" if managed else "EC2"],
        "networkMode": str(spec.network),
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "cpu": str(share.cpu),
        "memory": str(share.memory_mib),
    }
    if spec.execution_role:
        request["executionRoleArn"] = spec.execution_role
    if spec.task_role:
        request["taskRoleArn"] = spec.task_role
    request["placementConstraints"] = constraints.of(spec)
    request["containerDefinitions"] = [container.definition(spec, share)]
    if spec.read_only:
        request["volumes"] = [{"name": container.SCRATCH, "host": {}}]
    if spec.tags:
        request["tags"] = [{"key": key, "value": value} for key, value in sorted(spec.tags.items())]
    return request
