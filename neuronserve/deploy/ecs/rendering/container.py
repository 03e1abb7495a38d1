"""The container of a task definition."""

from __future__ import annotations

import math
from typing import Any

from neuronserve.deploy.ecs.rendering import environment, health, ports, restarts
from neuronserve.deploy.ecs.rendering.shares import Share
from neuronserve.deploy.ecs.rendering.spec import Logs, Mode, TaskSpec

SCRATCH = "tmp"
OPEN_FILES = 65536
_STOP_MARGIN = 10  # seconds after the drain, for the model servers to end


def definition(spec: TaskSpec, share: Share) -> dict[str, Any]:
    """The one container of a task, with the share of the instance that is the task's."""
    port = ports.mapping(spec, share.index)
    document: dict[str, Any] = {
        "name": spec.container,
        "image": spec.image,
        "essential": True,
        # the task's own numbers again: the container sees the limits of its own cgroup only
        "cpu": share.cpu,
        "memory": share.memory_mib,
        "portMappings": [
            {
                "name": "http",
                "containerPort": port.container,
                "hostPort": port.host,
                "protocol": "tcp",
                "appProtocol": "http",
            }
        ],
        "environment": [
            {"name": name, "value": value}
            for name, value in sorted(environment.merged(spec, share, port).items())
        ],
    }
    if spec.environment_files:
        document["environmentFiles"] = [{"type": "s3", "value": arn} for arn in spec.environment_files]
    if spec.secrets:
        document["secrets"] = [
            {"name": name, "valueFrom": place} for name, place in sorted(spec.secrets.items())
        ]
    document["linuxParameters"] = {"initProcessEnabled": True}
    if spec.mode is Mode.MANAGED:
        document["resourceRequirements"] = [{"type": "NeuronDevice", "value": "ALL"}]
    else:
        document["linuxParameters"]["devices"] = _devices(share)
    document["ulimits"] = [{"name": "nofile", "softLimit": OPEN_FILES, "hardLimit": OPEN_FILES}]
    document["healthCheck"] = health.for_load(spec.load_seconds).document()
    document["stopTimeout"] = stop_timeout(spec)
    if spec.restart:
        document["restartPolicy"] = restarts.policy(spec.load_seconds)
    if spec.read_only:
        document["readonlyRootFilesystem"] = True
        document["mountPoints"] = [{"sourceVolume": SCRATCH, "containerPath": "/tmp", "readOnly": False}]  # nosec B108  # noqa: S108
    if spec.logs.group:
        document["logConfiguration"] = _log_configuration(spec.logs)
    return document


def stop_timeout(spec: TaskSpec) -> int:
    """Seconds from SIGTERM to SIGKILL: more than the drain takes."""
    if spec.stop_timeout is not None:
        return spec.stop_timeout
    return math.ceil(spec.drain_seconds) + _STOP_MARGIN


def _devices(share: Share) -> list[dict[str, Any]]:
    """The share's chips, as /dev/neuron0 and on inside: the driver counts a container's cores from 0 then."""
    return [
        {
            "hostPath": f"/dev/neuron{share.first_chip + n}",
            "containerPath": f"/dev/neuron{n}",
            "permissions": ["read", "write"],
        }
        for n in range(share.chips)
    ]


def _log_configuration(logs: Logs) -> dict[str, Any]:
    options = {
        "awslogs-group": logs.group,
        "awslogs-region": logs.region,
        "awslogs-stream-prefix": logs.stream_prefix,
        # a log service that is slow must not block the server's own writes
        "mode": "non-blocking",
        "max-buffer-size": "25m",
    }
    if logs.create_group:
        options["awslogs-create-group"] = "true"
    return {"logDriver": "awslogs", "options": options}
