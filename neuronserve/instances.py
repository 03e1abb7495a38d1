"""The catalogue of EC2 instance types with Neuron chips; the data is in ``instances.toml``."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

from neuronserve.generation import Generation


@dataclasses.dataclass(frozen=True)
class InstanceType:
    """One type. ``cores`` are NeuronCores of one chip, as programs count them; ``device_mib`` its memory.

    ``memory_mib`` is the host's nominal memory in MiB.
    """

    name: str
    generation: Generation
    vcpus: int
    memory_mib: int
    chips: int
    cores: int
    device_mib: int

    @property
    def all_cores(self) -> int:
        return self.chips * self.cores


@functools.cache
def catalogue() -> Mapping[str, InstanceType]:
    """All types by name."""
    raw = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return {name: _type(name, row, raw["generations"]) for name, row in raw["types"].items()}


def _type(name: str, row: Mapping[str, int], generations: Mapping[str, str]) -> InstanceType:
    return InstanceType(
        name=name,
        generation=Generation(generations[name.partition(".")[0]]),
        vcpus=row["vcpus"],
        memory_mib=row["memory_mib"],
        chips=row["chips"],
        cores=row.get("logical_cores", row["cores"]),
        device_mib=row["device_mib"],
    )
