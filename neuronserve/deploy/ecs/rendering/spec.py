"""What a task is to be, in neuronserve's own words; ``render.py`` makes AWS's document of it.

A value: it holds what was asked, with defaults filled in, and no document yet. ``options.py`` reads it from a
command line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum

from neuronserve.instances import InstanceType

DEFAULT_PORT = 8080
MAX_PORT = 32767  # the agent hands out dynamic ports from 32768 on
RESERVED_PORTS = frozenset({22, 2375, 2376, 51678, 51679, 51680})


class Mode(StrEnum):
    """How chips are given to a task; see facts in ``docs/ecs.md``."""

    WHOLE = "whole"  # one task has all chips of an instance
    SLOTS = "slots"  # K tasks share one, each with chips, cpu and memory of its own
    MANAGED = "managed"  # ECS Managed Instances: NeuronDevice, all chips


class Ports(StrEnum):
    """The port of the instance: ``static`` is also a mutex, because ECS gives it to one task only."""

    STATIC = "static"
    DYNAMIC = "dynamic"


class Network(StrEnum):
    BRIDGE = "bridge"
    HOST = "host"
    AWSVPC = "awsvpc"


@dataclasses.dataclass(frozen=True)
class Logs:
    """``group`` None: the container's output stays on the instance."""

    group: str | None = None
    region: str = ""
    stream_prefix: str = "neuronserve"
    create_group: bool = False


@dataclasses.dataclass(frozen=True)
class TaskSpec:
    """One task definition, or ``slots`` of them.

    ``family``: of a slot it is this and ``-slotN``. ``host_port``: of slot N it is this plus N; None: as
    ``port``.
    ``cpu`` (units, 1024 a vCPU) and ``memory_mib``: of one task; None: a fair share of what an instance
    registers, less ``reserved_cpu`` and ``reserved_memory_mib`` (of the instance, for daemons).
    ``registered_memory_mib``: what an instance really registers; None: estimated.
    ``placement``: ``type``, ``family``, or an expression of ECS's cluster query language.
    ``model_uri`` or ``compilation_job``: where the container gets its model; neither: it is in the image.
    ``region``: told to the container as AWS_REGION, where known. ``load_seconds``: how long a start may take
    until ``/ping`` is 200. ``environment``: variables of the container; values of ``secrets`` are ARNs or
    parameter names. ``restart``: ECS starts the container again in place when it ended and a restart can
    help.
    """

    instance_type: InstanceType
    image: str
    family: str
    container: str = "neuronserve"
    mode: Mode = Mode.WHOLE
    slots: int = 1
    model_uri: str | None = None
    compilation_job: str | None = None
    region: str | None = None
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    environment_files: tuple[str, ...] = ()
    secrets: Mapping[str, str] = dataclasses.field(default_factory=dict)
    port: int = DEFAULT_PORT
    host_port: int | None = None
    ports: Ports = Ports.STATIC
    network: Network = Network.BRIDGE
    placement: str = "type"
    cpu: int | None = None
    memory_mib: int | None = None
    registered_memory_mib: int | None = None
    reserved_cpu: int = 0
    reserved_memory_mib: int = 0
    load_seconds: int = 300
    drain_seconds: float = 25
    stop_timeout: int | None = None
    restart: bool = True
    read_only: bool = False
    logs: Logs = dataclasses.field(default_factory=Logs)
    execution_role: str | None = None
    task_role: str | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
