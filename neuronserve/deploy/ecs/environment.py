"""The container's environment: what was asked, and what follows from the task's place and share."""

from __future__ import annotations

import math

from neuronserve.deploy.ecs import allocatable
from neuronserve.deploy.ecs.ports import Mapping
from neuronserve.deploy.ecs.shares import Share
from neuronserve.deploy.ecs.spec import DEFAULT_PORT, TaskSpec

MOST_WORKERS = 8  # what the container itself chooses at most
DEFAULT_LOAD_SECONDS = 300
DEFAULT_DRAIN_SECONDS = 25


def merged(spec: TaskSpec, share: Share, port: Mapping) -> dict[str, str]:
    """All variables; what the user set stays."""
    return {**_derived(spec, share, port), **spec.environment}


def _derived(spec: TaskSpec, share: Share, port: Mapping) -> dict[str, str]:
    made: dict[str, str] = {}
    if spec.model_uri:
        made["MODEL_URI"] = spec.model_uri
    if spec.placement == "type":
        made["SERVE_INSTANCE_TYPE"] = spec.instance_type.name
    if port.container != DEFAULT_PORT:
        made["SAGEMAKER_BIND_TO_PORT"] = str(port.container)
    if spec.drain_seconds != DEFAULT_DRAIN_SECONDS:
        made["SERVE_DRAIN_SECONDS"] = f"{spec.drain_seconds:g}"
    if spec.load_seconds > DEFAULT_LOAD_SECONDS:
        made["SAGEMAKER_TFS_WAIT_TIME_SECONDS"] = str(spec.load_seconds)
    if share.cpu < min(spec.instance_type.vcpus, MOST_WORKERS) * allocatable.UNITS_PER_VCPU:
        # the task's quota is on a cgroup above the container's, which cannot see it
        made["SAGEMAKER_GUNICORN_WORKERS"] = str(math.ceil(share.cpu / allocatable.UNITS_PER_VCPU))
    return made
