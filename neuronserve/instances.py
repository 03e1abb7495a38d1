"""The catalogue of EC2 instance types with Neuron chips; the data is in ``instances.toml``."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuronserve.generation import Generation


@dataclasses.dataclass(frozen=True)
class InstanceType:
    """One type. ``cores`` are NeuronCores of one chip, as programs count them; ``device_mib`` its memory.

    ``memory_mib`` is the host's nominal memory in MiB. ``enis``: network interfaces it may have.
    ``sagemaker``: its name at SageMaker endpoints, None where SageMaker has it not. ``regions``: those that
    offer the type and have ECS's Neuron AMI.
    """

    name: str
    generation: Generation
    vcpus: int
    memory_mib: int
    chips: int
    cores: int
    device_mib: int
    enis: int
    sagemaker: str | None
    regions: tuple[str, ...]

    @property
    def all_cores(self) -> int:
        return self.chips * self.cores

    @property
    def family(self) -> str:
        """``inf1`` of ``inf1.xlarge``."""
        return self.name.partition(".")[0]


@functools.cache
def catalogue() -> Mapping[str, InstanceType]:
    """All types by name."""
    raw = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return {name: _type(name, raw) for name in raw["types"]}


def _type(name: str, raw: Mapping[str, Any]) -> InstanceType:
    row = raw["types"][name]
    return InstanceType(
        name=name,
        generation=Generation(raw["generations"][name.partition(".")[0]]),
        vcpus=row["vcpus"],
        memory_mib=row["memory_mib"],
        chips=row["chips"],
        cores=row.get("logical_cores", row["cores"]),
        device_mib=row["device_mib"],
        enis=row["enis"],
        sagemaker=f"ml.{name}" if name in raw["sagemaker"]["endpoints"] else None,
        regions=tuple(raw["regions"][name]),
    )
