"""What a compiled model asks of its host, as read from its SavedModel (``artifact/inspect/``).

Plain values on the way from the artifact to the plan (``neuron/plan.py``) and to the gateway.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from neuronserve.generation import Generation


@dataclasses.dataclass(frozen=True)
class SignatureBatch:
    """The compiled batch of one signature.

    ``size``: rows of one compiled batch, at least 1. ``dynamic``: the framework splits larger batches
    along axis 0 itself, best sent in multiples of ``size``. ``inputs``: those that have the batch axis,
    as axis 0; the others go along unchanged. ``unjoinable``: outputs known to have no batch axis, so
    that answers of several batches cannot be joined. ``whole``: every input has the batch axis, so that
    a model server may join the rows of several calls.
    """

    size: int
    dynamic: bool = False
    inputs: tuple[str, ...] = ()
    unjoinable: tuple[str, ...] = ()
    whole: bool = True


@dataclasses.dataclass(frozen=True)
class Compiled:
    """One version of a model. ``neuron`` is False for a model without any ``NeuronOp``.

    ``cores``: NeuronCores that one copy takes, contiguous; 0 without a NeuronOp. ``duplicates``: copies
    that one process places on cores of its own, at least 1. ``generation``: None when the executable
    does not tell. ``compiler``: its version, may be empty. ``signatures``: those whose batch was
    compiled in. ``copy_bytes``: of all executables of one copy, unpacked. ``columns``: of those signatures
    whose CSV columns the model puts in an order (``assets.extra/csv_columns.json``), its inputs' names.
    """

    version: int
    neuron: bool = False
    subgraphs: int = 0
    generation: Generation | None = None
    compiler: str = ""
    cores: int = 0
    duplicates: int = 1
    signatures: Mapping[str, SignatureBatch] = dataclasses.field(default_factory=dict)
    copy_bytes: int = 0
    columns: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Compiled:
        signatures = {name: _batch(batch) for name, batch in raw["signatures"].items()}
        generation = Generation(raw["generation"]) if raw["generation"] else None
        columns = {name: tuple(names) for name, names in raw["columns"].items()}
        values = {**raw, "signatures": signatures, "generation": generation, "columns": columns}
        return cls(**values)


def _batch(raw: Mapping[str, Any]) -> SignatureBatch:
    inputs, unjoinable = tuple(raw["inputs"]), tuple(raw["unjoinable"])
    return SignatureBatch(raw["size"], raw["dynamic"], inputs, unjoinable, raw["whole"])
