"""Whether what a task definition names is there, and as the task needs it: one module for each check.

A check looks and never changes anything; where it may not look, it says so and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from neuronserve.deploy.ecs.verification import (
    ami,
    image,
    instances,
    logs,
    model,
    offered,
    permissions,
    roles,
    secrets,
)
from neuronserve.deploy.ecs.verification.case import Case
from neuronserve.deploy.ecs.verification.item import Item, Verdict

__all__ = ["CHECKS", "Case", "Item", "Verdict", "items"]

Check = Callable[[Case], Iterator[Item]]

CHECKS: Mapping[str, Check] = {
    image.NAME: image.check,
    roles.NAME: roles.check,
    permissions.NAME: permissions.check,
    logs.NAME: logs.check,
    secrets.NAME: secrets.check,
    model.NAME: model.check,
    model.ACCESS: model.access,
    offered.NAME: offered.check,
    ami.NAME: ami.check,
    instances.NAME: instances.check,
    instances.ROOM: instances.room,
}


def items(cases: Sequence[Case], names: Sequence[str]) -> Iterator[Item]:
    """What the named checks find, each thing once: definitions that share an instance share much else."""
    told = set()
    for case in cases:
        for name in names:
            for item in CHECKS[name](case):
                if item not in told:
                    told.add(item)
                    yield item
