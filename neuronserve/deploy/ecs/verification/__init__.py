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
from neuronserve.deploy.item import Item, Verdict

__all__ = ["CHECKS", "Case", "Item", "Verdict", "items"]

Check = Callable[[Sequence[Case]], Iterator[Item]]


def _each(check: Callable[[Case], Iterator[Item]]) -> Check:
    """A check of one definition, done for all."""

    def checked(cases: Sequence[Case]) -> Iterator[Item]:
        for case in cases:
            yield from check(case)

    return checked


CHECKS: Mapping[str, Check] = {
    image.NAME: _each(image.check),
    roles.NAME: _each(roles.check),
    permissions.NAME: _each(permissions.check),
    logs.NAME: _each(logs.check),
    secrets.NAME: _each(secrets.check),
    model.NAME: _each(model.check),
    model.ACCESS: _each(model.access),
    offered.NAME: _each(offered.check),
    ami.NAME: _each(ami.check),
    instances.NAME: _each(instances.check),
    instances.ROOM: _each(instances.room),
    instances.TOGETHER: instances.together,
}


def items(cases: Sequence[Case], names: Sequence[str]) -> Iterator[Item]:
    """What the named checks find, each thing once: definitions that share an instance share much else."""
    told = set()
    for name in names:
        for item in CHECKS[name](cases):
            if item not in told:
                told.add(item)
                yield item
