"""What each model asks of the cores, from what was compiled into its versions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Protocol

from neuronserve.compiled import Compiled
from neuronserve.errors import WrongGeneration
from neuronserve.generation import Generation


class Model(Protocol):
    """What has to be known of a model."""

    @property
    def name(self) -> str: ...
    @property
    def compiled(self) -> Sequence[Compiled]: ...


@dataclasses.dataclass(frozen=True)
class Need:
    """One model, with all its versions in the same process.

    ``cores``: contiguous cores that one copy takes, 0 for a model without a NeuronOp. ``duplicates``:
    copies that one process places, each on cores of its own.
    """

    model: str
    cores: int
    duplicates: int = 1
    generation: Generation | None = None


def needs(models: Iterable[Model]) -> tuple[Need, ...]:
    """One Need per model. Raises WrongGeneration when a model's versions were compiled for different ones."""
    return tuple(_need(model) for model in models)


def _need(model: Model) -> Need:
    versions = [one for one in model.compiled if one.neuron]
    if not versions:
        return Need(model.name, cores=0)
    generations = {one.generation: one.version for one in versions if one.generation}
    if len(generations) > 1:
        told = ", ".join(f"version {v} for {g.families}" for g, v in generations.items() if g)
        raise WrongGeneration(
            f"model {model.name!r} was compiled for different generations: {told}",
            hint="serve them on hosts of their own",
        )
    return Need(
        model.name,
        cores=max(one.cores for one in versions),
        # the larger copy decides how many fit, the more modest version how many may be
        duplicates=min(one.duplicates for one in versions),
        generation=next(iter(generations), None),
    )
