"""The container's environment: what was asked, and what follows from the task's place and share."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Mapping

from neuronserve import settings
from neuronserve.deploy.ecs import allocatable
from neuronserve.deploy.ecs.rendering import names
from neuronserve.deploy.ecs.rendering.constraints import TYPE
from neuronserve.deploy.ecs.rendering.ports import PortMapping
from neuronserve.deploy.ecs.rendering.shares import Share
from neuronserve.deploy.ecs.rendering.spec import DEFAULT_PORT, TaskSpec
from neuronserve.errors import InvalidInput, SettingsError

MOST_WORKERS = 8  # what the container itself chooses at most
MAX_FILES = 10

_NEVER = {
    "AWS_NEURON_VISIBLE_DEVICES": "on ECS's Neuron AMIs its mere presence switches the container runtime; "
    "devices are given by linuxParameters",
    "NEURONCORE_GROUP_SIZES": "it has had no effect since Neuron SDK 1.20; use NEURON_RT_VISIBLE_CORES",
}
_CREDENTIALS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
# The task definition itself depends on their values.
MUST_BE_SEEN = frozenset({"SAGEMAKER_BIND_TO_PORT", "SERVE_DRAIN_SECONDS", "SAGEMAKER_TFS_WAIT_TIME_SECONDS"})
_SIGNED = re.compile(r"[?&]X-Amz-(Signature|Security-Token)=", re.IGNORECASE)
_BUCKET_AND_KEY = re.compile(r"s3://([a-z0-9][a-z0-9._-]{1,253}[a-z0-9]|arn:[^/]+/[^/]+)/.*", re.IGNORECASE)


@functools.cache
def _defaults() -> settings.Settings:
    return settings.Settings.from_environ({})


def merged(spec: TaskSpec, share: Share, port: PortMapping) -> dict[str, str]:
    """All variables; what the user set stays. Raises InvalidInput with every fault that there is."""
    derived = {k: v for k, v in _derived(spec, share, port).items() if k not in spec.secrets}
    faults = [
        *_forbidden(spec),
        *(
            f"{name} is set, and follows from other options as {derived[name]!r}: leave one of them out"
            for name in sorted({"MODEL_URI", "COMPILATION_JOB", "SERVE_INSTANCE_TYPE"} & derived.keys())
            if spec.environment.get(name, derived[name]) != derived[name]
        ),
    ]
    environ = {**derived, **spec.environment}
    faults += _faults(spec, environ, share, port)
    if faults:
        raise InvalidInput("; ".join(faults))
    return environ


def _derived(spec: TaskSpec, share: Share, port: PortMapping) -> dict[str, str]:
    made: dict[str, str] = {}
    if spec.model_uri:
        made["MODEL_URI"] = spec.model_uri
    if spec.compilation_job:
        made["COMPILATION_JOB"] = spec.compilation_job
    if spec.placement == TYPE:
        made["SERVE_INSTANCE_TYPE"] = spec.instance_type.name
    if spec.region:  # agents before 1.104 do not tell it
        made["AWS_REGION"] = spec.region
    if port.container != DEFAULT_PORT:
        made["SAGEMAKER_BIND_TO_PORT"] = str(port.container)
    if spec.drain_seconds != _defaults().drain_seconds:
        made["SERVE_DRAIN_SECONDS"] = f"{spec.drain_seconds:g}"
    if spec.load_seconds > _defaults().load_seconds:
        made["SAGEMAKER_TFS_WAIT_TIME_SECONDS"] = str(spec.load_seconds)
    seen = spec.instance_type.vcpus if spec.placement == TYPE else MOST_WORKERS  # of another type perhaps
    if share.cpu < min(seen, MOST_WORKERS) * allocatable.UNITS_PER_VCPU:
        # the task's quota is on a cgroup above the container's, which cannot see it
        made["SAGEMAKER_GUNICORN_WORKERS"] = str(math.ceil(share.cpu / allocatable.UNITS_PER_VCPU))
    return made


def _forbidden(spec: TaskSpec) -> Iterator[str]:
    for name in (*spec.environment, *spec.secrets):
        names.variable(name)
    for name in sorted({*spec.environment, *spec.secrets}):
        if name in _NEVER:
            yield f"{name} must not be set: {_NEVER[name]}"
        if name in spec.environment and name in spec.secrets:
            yield f"{name} is both a variable and a secret: leave one of them out"
    for name in sorted(name for name, value in spec.environment.items() if "\0" in value):
        yield f"{name} holds a NUL character"
    for name in sorted(_CREDENTIALS & spec.environment.keys()):
        yield f"{name} would be readable by all who may see the task definition: use a task role, or a secret"
    for name in sorted(MUST_BE_SEEN & spec.secrets.keys()):
        yield f"{name} cannot be a secret: ports, health check and stop timeout depend on it"
    if len(spec.environment_files) > MAX_FILES:
        yield f"{len(spec.environment_files)} environment files: ECS takes {MAX_FILES}"


def _faults(spec: TaskSpec, environ: Mapping[str, str], share: Share, port: PortMapping) -> Iterator[str]:
    everything = {**environ, **dict.fromkeys(spec.secrets, "")}
    yield from (line for line in settings.without_effect(everything) if line.startswith("SERVE_"))
    if sum(bool(everything.get(n)) or n in spec.secrets for n in ("MODEL_URI", "COMPILATION_JOB")) > 1:
        yield "MODEL_URI and COMPILATION_JOB are both set: expected one of them"
        return
    if fault := location_fault(environ.get("MODEL_URI", "").strip()):
        yield fault
        return
    try:
        found = settings.Settings.from_environ(environ)
    except SettingsError as error:
        yield from error.faults
        return
    yield from _disagreements(spec, found, port)
    yield from _cores(found, share.chips * spec.instance_type.cores)


def location_fault(uri: str) -> str:
    """Why the container cannot take a MODEL_URI, which may hold a signature and so is not shown whole."""
    if _SIGNED.search(uri):
        return (
            "MODEL_URI is a signed address, readable by all who may see the task definition: use a task role"
        )
    if not uri or uri.startswith("/") or _BUCKET_AND_KEY.fullmatch(uri):
        return ""
    shown = uri.partition("?")[0]
    return f"MODEL_URI={shown!r}: expected s3://bucket/key.tar.gz, s3://bucket/prefix/ or an absolute path"


def _disagreements(spec: TaskSpec, found: settings.Settings, port: PortMapping) -> Iterator[str]:
    if found.bind_port != port.container:
        yield f"SAGEMAKER_BIND_TO_PORT={found.bind_port}, and the port is {port.container}: use --port alone"
    if found.drain_seconds != spec.drain_seconds:
        yield f"SERVE_DRAIN_SECONDS={found.drain_seconds:g}, and the drain is {spec.drain_seconds:g} s"
    if found.load_seconds < spec.load_seconds and spec.load_seconds > _defaults().load_seconds:
        yield (
            f"SAGEMAKER_TFS_WAIT_TIME_SECONDS={found.load_seconds:g}, and a load may take "
            f"{spec.load_seconds} s: the model server would be given up before"
        )


def _cores(found: settings.Settings, cores: int) -> Iterator[str]:
    """The task's own cores are numbered from the offset on."""
    last = found.core_offset + cores - 1
    told = f"the task has {cores} core{'s' if cores > 1 else ''}, {found.core_offset} to {last}"
    low, high = found.visible_cores or (found.core_offset, last)
    if low < found.core_offset or high > last:
        yield f"NEURON_RT_VISIBLE_CORES={low}-{high}: {told}"
    if (found.num_cores or 0) > cores:
        yield f"NEURON_RT_NUM_CORES={found.num_cores}: {told}"
    for _, low, high in found.placement or ():
        if low < found.core_offset or high > last:
            yield f"SERVE_PLACEMENT gives cores {low}-{high}: {told}"
