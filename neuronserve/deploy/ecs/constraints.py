"""Where a task may run: an expression of ECS's cluster query language."""

from __future__ import annotations

from neuronserve.deploy.ecs.spec import TaskSpec
from neuronserve.instances import InstanceType, catalogue

TYPE, FAMILY = "type", "family"
MAX_EXPRESSION = 2000
_ATTRIBUTE = "attribute:ecs.instance-type"


def of(spec: TaskSpec) -> list[dict[str, str]]:
    """The task definition's placementConstraints."""
    return [{"type": "memberOf", "expression": expression(spec)}]


def expression(spec: TaskSpec) -> str:
    """The words of it; values of ``ecs.instance-type`` are lower case and compared as strings."""
    if spec.placement == TYPE:
        return f"{_ATTRIBUTE} == {spec.instance_type.name}"
    if spec.placement == FAMILY:
        return _family(spec.instance_type)
    return spec.placement


def _family(least: InstanceType) -> str:
    """Every type of the family that has what ``least`` has: a pattern where all have, else a list."""
    family = [i for i in catalogue().values() if i.family == least.family]
    able = [i.name for i in family if _covers(i, least)]
    if len(able) == len(family):
        return f"{_ATTRIBUTE} =~ {least.family}\\..*"
    return f"{_ATTRIBUTE} in [{', '.join(able)}]"


def _covers(one: InstanceType, least: InstanceType) -> bool:
    return one.chips >= least.chips and one.vcpus >= least.vcpus and one.memory_mib >= least.memory_mib
