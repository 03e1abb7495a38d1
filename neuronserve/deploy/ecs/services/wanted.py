"""What a service is to be, as it was asked: a value, before any request is made of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from neuronserve.deploy.ecs.services import chips
from neuronserve.deploy.ecs.services.chips import Chips
from neuronserve.errors import InvalidInput

_PROVIDER = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,255})(:(?P<weight>\d{1,4})(:(?P<base>\d{1,6}))?)?")


@dataclasses.dataclass(frozen=True)
class Provider:
    """An item of a capacity provider strategy. AWS's default weight is 0, with which one alone is refused."""

    name: str
    weight: int = 1
    base: int = 0

    @classmethod
    def parse(cls, text: str) -> Provider:
        """``NAME``, ``NAME:WEIGHT`` or ``NAME:WEIGHT:BASE``. Raises InvalidInput."""
        found = _PROVIDER.fullmatch(text)
        if not found:
            raise InvalidInput(
                f"--capacity-provider {text}: expected NAME[:WEIGHT[:BASE]]",
                hint="a name has letters, digits, _ and -; weight 0 to 1000, base 0 to 100000",
            )
        provider = cls(found["name"], int(found["weight"] or 1), int(found["base"] or 0))
        if provider.weight > 1000 or provider.base > 100_000:
            raise InvalidInput(f"--capacity-provider {text}: weight is 0 to 1000, base 0 to 100000")
        return provider

    def item(self) -> dict[str, Any]:
        return {"capacityProvider": self.name, "weight": self.weight, "base": self.base}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One service. What is None or empty was not asked: a new one gets the default, another keeps its own.

    ``task_definition``: family, family:revision or ARN; ``definition``: its RegisterTaskDefinition request.
    ``count``: tasks. ``constraints``: expressions of the cluster query language. ``container_port``: which
    port ``target_groups`` get; None: the only one. ``grace_seconds``: how long failed health checks are
    ignored after a start. ``minimum_healthy``: percent of the tasks that go on running while others are
    replaced. ``force``: deploy also when nothing changed.
    """

    name: str
    task_definition: str
    definition: Mapping[str, Any]
    cluster: str = "default"
    count: int | None = None
    daemon: bool = False
    constraints: tuple[str, ...] = ()
    providers: tuple[Provider, ...] = ()
    launch_type: str | None = None
    target_groups: tuple[str, ...] = ()
    container_port: int | None = None
    grace_seconds: int | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    minimum_healthy: int | None = None
    execute_command: bool | None = None
    force: bool = False
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def chips(self) -> Chips:
        return chips.of(self.definition)

    @property
    def awsvpc(self) -> bool:
        return self.definition.get("networkMode") == "awsvpc"
