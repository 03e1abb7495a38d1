"""What the engine is to be told for each task, as data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neuronserve.deploy.ecs.agent import checks, network, order, storage
from neuronserve.deploy.ecs.agent.checks import Check
from neuronserve.deploy.ecs.agent.order import Condition, Restart
from neuronserve.deploy.ecs.forms import docker_run
from neuronserve.deploy.ecs.forms.around import Around, container_name, volume_name
from neuronserve.deploy.ecs.local import conflicts, devices
from neuronserve.deploy.ecs.local.devices import Chips
from neuronserve.errors import InvalidInput

LABEL = "neuronserve.run-local"
# What docker and podman themselves read: a container's variable of such a name must not change theirs.
_ENGINES_OWN = (
    "PATH", "HOME", "USER", "TMPDIR", "LD_", "DOCKER_", "BUILDAH_", "CONTAINER", "PODMAN_", "REGISTRY_",
    "STORAGE_", "XDG_", "DBUS_", "NOTIFY_", "LISTEN_",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What a person wants of the trial. ``variables``: for every container; None: the value around us."""

    chips: Chips = Chips()
    variables: Mapping[str, str | None] = dataclasses.field(default_factory=dict, repr=False)
    volumes: tuple[str, ...] = ()
    address: str = "127.0.0.1"


@dataclasses.dataclass(frozen=True)
class ContainerPlan:
    """``engine_name``: what the engine calls it. ``words``: what follows the engine's own name.

    ``ports``: its TCP ports inside, and on this machine; None: the engine knows which.
    """

    name: str
    engine_name: str
    image: str
    words: tuple[str, ...]
    essential: bool
    check: Check | None
    restart: Restart
    stop_timeout: int
    start_timeout: int | None
    waits: Mapping[str, Condition]
    ports: tuple[tuple[int, int | None], ...]


@dataclasses.dataclass(frozen=True)
class TaskPlan:
    """``containers``: in the order in which they can start. ``volumes``: those that go with the task."""

    name: str
    containers: tuple[ContainerPlan, ...]
    volumes: tuple[str, ...]
    notes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Plan:
    """``environ``: values that the engine's own environment must have, besides what it has."""

    tasks: tuple[TaskPlan, ...]
    address: str
    environ: Mapping[str, str] = dataclasses.field(repr=False)


def make(
    requests: Sequence[Mapping[str, Any]],
    wishes: Wishes,
    *,
    run: str,
    podman: bool,
    environ: Mapping[str, str],
) -> Plan:
    """The plan for one instance. ``run`` makes names unique; ``environ``: the variables around us.

    Raises InvalidInput for what no instance can do, or this machine cannot.
    """
    conflicts.refuse(requests, wishes.chips.all())
    given = _given(requests, wishes, environ)
    outright = {key: value for key, value in given.items() if key.startswith(_ENGINES_OWN)}
    inherited = {key: value for key, value in given.items() if key not in outright}
    tasks = []
    for name, request in zip(_names(requests), requests, strict=True):
        around = Around(
            prefix=f"neuronserve-{run}-{name}",
            address=wishes.address,
            labels={LABEL: run},
            inherited=tuple(inherited),
            mounts=tuple(_absolute(volume) for volume in wishes.volumes),
            watched=True,
            podman=podman,
        )
        tasks.append(_task(name, _with(devices.placed(request, wishes.chips), outright), around))
    return Plan(tuple(tasks), wishes.address, inherited)


def _names(requests: Sequence[Mapping[str, Any]]) -> list[str]:
    """Families; a second task of one has a number after it."""
    seen: dict[str, int] = {}
    names = []
    for request in requests:
        family = request["family"]
        seen[family] = seen.get(family, 0) + 1
        names.append(family if seen[family] == 1 else f"{family}-{seen[family]}")
    return names


def _given(
    requests: Sequence[Mapping[str, Any]], wishes: Wishes, environ: Mapping[str, str]
) -> dict[str, str]:
    """Values for variables of the containers that stand in no definition."""
    secrets = [
        secret["name"]
        for request in requests
        for container in request["containerDefinitions"]
        for secret in container.get("secrets") or ()
    ]
    wanted = {**dict.fromkeys(secrets), **wishes.variables}
    absent = [name for name, value in wanted.items() if value is None and name not in environ]
    if absent:
        raise InvalidInput(
            f"{', '.join(absent)}: no value here; secrets and --env NAME are read from this environment",
            hint="set it, or give --env NAME=VALUE",
        )
    return {name: environ[name] if value is None else value for name, value in wanted.items()}


def _with(request: dict[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """The definition with variables in it."""
    if not variables:
        return request
    added = [{"name": name, "value": value} for name, value in variables.items()]
    containers = [
        {**c, "environment": [v for v in c.get("environment") or () if v["name"] not in variables] + added}
        for c in request["containerDefinitions"]
    ]
    return {**request, "containerDefinitions": containers}


def _absolute(volume: str) -> str:
    """``HOST:CONTAINER[:ro]`` with the host's part as a path that is there."""
    host, _, rest = volume.partition(":")
    path = Path(host).expanduser().absolute()
    if not rest.startswith("/"):
        raise InvalidInput(f"--volume {volume}: expected HOST:CONTAINER or HOST:CONTAINER:ro")
    if not path.exists():
        raise InvalidInput(f"--volume {volume}: there is no {path}")
    return f"{path}:{rest}"


def _task(name: str, request: Mapping[str, Any], around: Around) -> TaskPlan:
    containers = {c["name"]: c for c in request["containerDefinitions"]}
    in_order = [containers[each] for each in order.starting(request)]
    notes = [note for c in in_order for note in docker_run.notes(request, c, around=around)]
    own = [
        volume_name(request, mount, around)
        for container in in_order
        for mount in storage.of(request, container).mounts
        if not mount.bind and not mount.shared
    ]
    return TaskPlan(
        name=name,
        containers=tuple(_container(request, container, around) for container in in_order),
        volumes=tuple(dict.fromkeys(own)),
        notes=tuple(dict.fromkeys(notes)),
    )


def _container(request: Mapping[str, Any], container: Mapping[str, Any], around: Around) -> ContainerPlan:
    words = docker_run.words(request, container, around=around)
    return ContainerPlan(
        name=container["name"],
        engine_name=container_name(request, container["name"], around),
        image=container["image"],
        words=tuple(words[1:]),
        essential=container.get("essential", True),
        check=checks.of(container),
        restart=order.restart(container),
        stop_timeout=order.stop_timeout(container),
        start_timeout=container.get("startTimeout"),
        waits=order.dependencies(request, container),
        ports=tuple(_ports(request, container)),
    )


def _ports(request: Mapping[str, Any], container: Mapping[str, Any]) -> list[tuple[int, int | None]]:
    found = network.of(request, container)
    if found.kind is network.Kind.HOST:
        mappings = container.get("portMappings") or ()
        inside = [
            m["containerPort"] for m in mappings if m.get("containerPort") and m.get("protocol") != "udp"
        ]
        return [(port, port) for port in inside]
    return [
        (int(p.container), p.host) for p in found.ports if p.protocol == "tcp" and p.container.isdecimal()
    ]
