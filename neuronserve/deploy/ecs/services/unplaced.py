"""Why no container instance takes a task, and whether waiting can help."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from neuronserve.deploy.aws import Aws, explained
from neuronserve.deploy.ecs import placement
from neuronserve.deploy.ecs.services.rollout import Ours
from neuronserve.errors import AwsRefused, NeuronserveError

_WORDS = (
    "an instance takes a task when its type and attributes match every constraint, and enough cpu and memory "
    "and every static port are free; `scripts/task-definition verify` says which of them fails"
)
_LINES = 10


@dataclasses.dataclass(frozen=True)
class Explanation:
    """``never``: no instance that is there could take it even when empty, so that waiting is in vain.

    ``nowhere``: none of them can take it now.
    """

    summary: str
    lines: tuple[str, ...] = ()
    never: bool = False
    nowhere: bool = False


def explain(
    aws: Aws, ours: Ours, definition: Mapping[str, Any], constraints: Sequence[Mapping[str, Any]] = ()
) -> Explanation:
    """By the container instances of the cluster; in words where they cannot be read."""
    try:
        demand = placement.Demand.of(definition, constraints, group=f"service:{ours.service}")
        found = placement.read(aws, ours.cluster, demand)
        *lines, summary = placement.explain(demand, found)
    except Exception as error:
        known = error if isinstance(error, NeuronserveError) else explained(error)
        if known is None:
            raise
        why = "the right to look is missing" if isinstance(known, AwsRefused) else str(known)
        return Explanation(f"the container instances cannot be looked at: {why}", (_WORDS,))
    more = [f"and {len(lines) - _LINES} instances more"] if len(lines) > _LINES else []
    nowhere = all(placement.reasons(demand, instance) for instance in found)
    never = placement.never(demand, found)
    return Explanation(summary, (*lines[:_LINES], *more), never=never, nowhere=nowhere)
