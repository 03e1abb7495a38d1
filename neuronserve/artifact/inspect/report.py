"""All that was found in one version of a model, as values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from neuronserve.artifact.inspect import demand
from neuronserve.artifact.inspect.batch import Told
from neuronserve.artifact.inspect.placement import Placement
from neuronserve.artifact.inspect.subgraph import Subgraph
from neuronserve.artifact.members import shown
from neuronserve.compiled import Compiled
from neuronserve.errors import DamagedModel
from neuronserve.generation import Generation


@dataclasses.dataclass(frozen=True)
class Report:
    """``subgraphs``: every NeuronOp, wherever it is. ``signatures``: those that run one, with their batch;
    ``others``: those that run none. ``columns``: each signature's inputs in the order of CSV columns.
    ``notes``: what is odd about the file. ``tensorflow``: its version.
    """

    path: str
    tensorflow: str
    subgraphs: tuple[Subgraph, ...]
    signatures: Mapping[str, Told]
    others: tuple[str, ...]
    placement: Placement
    columns: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def neuron(self) -> bool:
        return bool(self.subgraphs)

    @property
    def running(self) -> tuple[Subgraph, ...]:
        """The subgraphs that signatures run; all in the graph and its functions when they run none."""
        outer = tuple(one for one in self.subgraphs if not one.inside)
        return tuple(one for one in outer if one.signatures) or outer or self.subgraphs

    @property
    def generations(self) -> tuple[Generation, ...]:
        return tuple(demand.generations(self.running))

    def compiled(self, version: int) -> Compiled:
        """For the plan. Raises DamagedModel when its parts were compiled for several generations."""
        if len(self.generations) > 1:
            told = ((one.name, one.executable.generation) for one in self.running)
            mixed = ", ".join(f"{shown(name)} for {found.families}" for name, found in told if found)
            raise DamagedModel(
                f"{self.path} was compiled for several generations of NeuronCores: {mixed}; no chip runs all",
                hint="compile the whole model again, for one instance family",
            )
        return Compiled(
            version=version,
            neuron=self.neuron,
            subgraphs=len(self.running),
            generation=next(iter(self.generations), None),
            compiler=", ".join(demand.compilers(self.running)),
            cores=demand.cores(self.running),
            duplicates=demand.duplicates(self.running),
            signatures={name: told.batch for name, told in self.signatures.items() if told.batch},
            copy_bytes=sum(one.executable.content for one in self.running),
        )

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        from neuronserve.artifact.inspect.advice import advice

        return {
            "path": self.path,
            "tensorflow": self.tensorflow,
            "neuron": self.neuron,
            "generations": list(self.generations),
            "compilers": demand.compilers(self.running),
            "cores": demand.cores(self.running),
            "duplicates": demand.duplicates(self.running),
            "signatures": {name: _told(told) for name, told in self.signatures.items()},
            "signatures_on_cpu": list(self.others),
            "csv_columns": {name: list(names) for name, names in self.columns.items()},
            "subgraphs": [dataclasses.asdict(one) for one in self.subgraphs],
            "cpu": {**dataclasses.asdict(self.placement), "share": self.placement.share},
            "advice": [dataclasses.asdict(one) for one in advice(self)],
        }

    def to_text(self, title: str = "") -> str:
        """The same on one screen, for a person."""
        from neuronserve.artifact.inspect import text

        return text.of(self, title or self.path)


def _told(told: Told) -> dict[str, Any]:
    return {"batch": dataclasses.asdict(told.batch) if told.batch else None, "why": told.why}
