"""Where a task may run: an expression of ECS's cluster query language."""

from __future__ import annotations

import re

from neuronserve.deploy.ecs.spec import Mode, TaskSpec
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType, catalogue

TYPE, FAMILY = "type", "family"
MAX_EXPRESSION = 2000
MANAGED_ATTRIBUTES = frozenset(
    {"ecs.subnet-id", "ecs.availability-zone", "ecs.instance-type", "ecs.cpu-architecture"}
)
_ATTRIBUTE = "attribute:ecs.instance-type"


def of(spec: TaskSpec) -> list[dict[str, str]]:
    """The task definition's placementConstraints. Raises InvalidInput for an expression that cannot be."""
    words = expression(spec)
    if not words.strip() or len(words) > MAX_EXPRESSION:
        raise InvalidInput(
            f"a placement expression of {len(words)} characters: expected 1 to {MAX_EXPRESSION}",
            hint=f"or {TYPE}, or {FAMILY}",
        )
    if not re.search(r"\s", words.strip()):
        raise InvalidInput(
            f"placement {words!r}: expected {TYPE}, {FAMILY}, or an expression such as "
            f"`{_ATTRIBUTE} == {spec.instance_type.name}`"
        )
    if spec.mode is Mode.MANAGED:
        _must_suit_managed(words)
    return [{"type": "memberOf", "expression": words}]


def expression(spec: TaskSpec) -> str:
    """The words of it; values of ``ecs.instance-type`` are lower case and compared as strings."""
    if spec.placement == TYPE:
        return f"{_ATTRIBUTE} == {spec.instance_type.name}"
    if spec.placement == FAMILY:
        return _family(spec.instance_type)
    return spec.placement


def _family(least: InstanceType) -> str:
    """Every type of the family that has what ``least`` has.

    A pattern where that is all of the family, and no other begins with its name: trn1.* is trn1n.32xlarge
    too, and whether ECS takes a backslash before the dot is not documented. Else a list.
    """
    able = [i.name for i in family(least)]
    like = [name for name in catalogue() if name.startswith(least.family)]
    if able == like:
        return f"{_ATTRIBUTE} =~ {least.family}.*"
    return f"{_ATTRIBUTE} in [{', '.join(able)}]"


def family(least: InstanceType) -> list[InstanceType]:
    """The types of the same family with at least as many chips, vCPUs and MiB."""
    return [
        i
        for i in catalogue().values()
        if i.family == least.family
        and i.chips >= least.chips
        and i.vcpus >= least.vcpus
        and i.memory_mib >= least.memory_mib
    ]


def _must_suit_managed(words: str) -> None:
    """AWS lists the attributes that instances of Managed Instances have for placement."""
    for name in re.findall(r"attribute:([\w./-]+)", words):
        if name not in MANAGED_ATTRIBUTES:
            raise InvalidInput(
                f"placement by attribute {name!r} on Managed Instances: expected one of "
                + ", ".join(sorted(MANAGED_ATTRIBUTES))
            )
