"""Where a task may run: an expression of ECS's cluster query language."""

from __future__ import annotations

import re

from neuronserve.deploy.ecs import allocatable, query
from neuronserve.deploy.ecs.rendering.shares import shares
from neuronserve.deploy.ecs.rendering.spec import Mode, TaskSpec
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType, catalogue

TYPE, FAMILY = "type", "family"
MANAGED_ATTRIBUTES = frozenset(
    {"ecs.subnet-id", "ecs.availability-zone", "ecs.instance-type", "ecs.cpu-architecture"}
)
_ATTRIBUTE = "attribute:ecs.instance-type"


def of(spec: TaskSpec) -> list[dict[str, str]]:
    """The task definition's placementConstraints.

    Raises InvalidInput for an expression that ECS does not take, or that no instance of the type satisfies.
    """
    words = expression(spec)
    if not re.search(r"\s", words.strip()):
        raise InvalidInput(
            f"placement {words!r}: expected {TYPE}, {FAMILY}, or an expression such as "
            f"`{_ATTRIBUTE} == {spec.instance_type.name}`"
        )
    try:
        tree = query.parse(words)
    except InvalidInput as error:
        raise InvalidInput(f"placement: {error.message}", hint=error.hint) from None
    if not query.may_match(tree, {"ecs.instance-type": spec.instance_type.name}):
        raise InvalidInput(
            f"placement {words!r} is never true on {spec.instance_type.name}, whose chips the task has",
            hint="values of ecs.instance-type are lower case, and are compared as strings",
        )
    if spec.mode is Mode.MANAGED:
        _must_suit_managed(tree)
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


def unfit(spec: TaskSpec) -> list[InstanceType]:
    """Types that an expression of the user's own allows too, with room for a task, but not with its chips."""
    if spec.placement in (TYPE, FAMILY):
        return []
    tree, own, least = query.parse(spec.placement), spec.instance_type, shares(spec)[-1]
    return [
        one
        for name, one in catalogue().items()
        if (one.chips < own.chips or one.generation is not own.generation)
        and (least.cpu <= allocatable.cpu(one) and least.memory_mib <= one.memory_mib)
        and query.may_match(tree, {"ecs.instance-type": name})
    ]


def _must_suit_managed(tree: query.Expression) -> None:
    """AWS lists the attributes by which tasks are placed on Managed Instances."""
    for clause in query.clauses(tree):
        if clause.subject.removeprefix("attribute:") not in MANAGED_ATTRIBUTES:
            raise InvalidInput(
                f"placement by {clause.subject} on Managed Instances: expected an attribute of "
                + ", ".join(sorted(MANAGED_ATTRIBUTES))
            )
