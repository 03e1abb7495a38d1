"""When a task is there to be asked, and at which address."""

from __future__ import annotations

import http.client
import ipaddress
import urllib.parse
from collections.abc import Callable, Iterator
from enum import StrEnum

from neuronserve.deploy.ecs.local.container import Container, Phase
from neuronserve.deploy.ecs.local.health import Status
from neuronserve.deploy.ecs.local.task import Task
from neuronserve.deploy.engine import Engine
from neuronserve.errors import EngineFailed

PATH = "/ping"
_ASK_SECONDS = 3

Ask = Callable[[str], bool]


class Wait(StrEnum):
    READY = "ready"
    HEALTHY = "healthy"
    NO = "no"


def answers(url: str) -> bool:
    """Whether ``/ping`` there says that it serves. A server that has no such path is there, too."""
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_ASK_SECONDS)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status in (200, 404, 405)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def reached(task: Task, wait: Wait, engine: Engine, address: str, ask: Ask) -> bool:
    """Whether a task is as ready as was asked for."""
    containers = list(task.containers.values())
    if any(c.phase is Phase.PENDING for c in containers):
        return False
    if wait is Wait.HEALTHY:
        return all(c.health in (None, Status.HEALTHY) for c in containers if c.phase is Phase.RUNNING)
    if wait is Wait.READY:
        return all(ask(url) for url in urls(task, engine, address))
    return True


def urls(task: Task, engine: Engine, address: str) -> list[str]:
    """Where the first TCP port of each of its essential containers is on this machine."""
    found: list[str] = []
    for container in task.containers.values():
        if container.plan.essential and container.phase is Phase.RUNNING:
            found.extend(_urls(container, engine, address))
    return found


def _urls(container: Container, engine: Engine, address: str) -> Iterator[str]:
    for inside, outside in container.plan.ports[:1]:
        try:
            port = outside or _chosen(engine.call("port", container.plan.engine_name, f"{inside}/tcp"))
        except EngineFailed:  # it just ended
            continue
        yield f"http://{_asked(address)}:{port}"


def _chosen(told: str) -> str:
    """The port in the engine's ``127.0.0.1:49153``."""
    return next(iter(told.splitlines()), "").rpartition(":")[2].strip()


def _asked(address: str) -> str:
    """Where to ask what listens at an address; that of all interfaces is no address to ask."""
    parsed = ipaddress.ip_address(address)
    if parsed.is_unspecified:
        return "127.0.0.1"
    return f"[{address}]" if parsed.version == 6 else address
