"""RegisterTaskDefinition requests from a TaskSpec, in AWS's own shape."""

from __future__ import annotations

import json
from typing import Any

from neuronserve.deploy.ecs.rendering import constraints, container, modes, names
from neuronserve.deploy.ecs.rendering.shares import Share, shares
from neuronserve.deploy.ecs.rendering.spec import Logs, Mode, TaskSpec
from neuronserve.errors import InvalidInput

MAX_BYTES = 64 << 10  # of a task definition
MAX_LOAD_SECONDS, MAX_DRAIN_SECONDS = 86_400, 3_600  # what the container takes


def task_definitions(spec: TaskSpec) -> list[dict[str, Any]]:
    """One request, or one for each slot. Raises InvalidInput for what ECS or the instance cannot do."""
    _must_be_possible(spec)
    parts = shares(spec)
    modes.check(spec)
    requests = [_request(spec, share) for share in parts]
    for request in requests:
        names.family(request["family"])
        if (size := len(json.dumps(request, separators=(",", ":")))) > MAX_BYTES:
            raise InvalidInput(
                f"a task definition of {size} bytes: ECS takes {MAX_BYTES}",
                hint="put variables in a file, and use --environment-file",
            )
    return requests


def _must_be_possible(spec: TaskSpec) -> None:
    names.family(spec.family)
    names.container(spec.container)
    names.image(spec.image)
    names.tags(spec.tags)
    for what, role in (("task role", spec.task_role), ("execution role", spec.execution_role)):
        if role is not None:
            names.role(what, role)
    for name, place in spec.secrets.items():
        names.secret(name, place)
    for arn in spec.environment_files:
        names.environment_file(arn)
    if (spec.secrets or spec.environment_files) and not spec.execution_role:
        raise InvalidInput(
            "secrets or environment files without an execution role: ECS fetches them with it",
            hint="add --execution-role",
        )
    if spec.logs.group is not None:
        _logs_must_be_possible(spec.logs)
    for what, seconds, most in (
        ("load", spec.load_seconds, MAX_LOAD_SECONDS),
        ("drain", spec.drain_seconds, MAX_DRAIN_SECONDS),
    ):
        if not 0 <= seconds <= most:  # not a number is not either
            raise InvalidInput(f"a {what} of {seconds} s: expected 0 to {most}")


def _logs_must_be_possible(logs: Logs) -> None:
    names.log_group(logs.group or "")
    names.log_stream_prefix(logs.stream_prefix)
    if not logs.region:
        raise InvalidInput(f"log group {logs.group}: no region is set", hint="use --region, or --no-logs")


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
