"""What one source tells of a chip, and what several tell together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from neuronserve.generation import Generation
from neuronserve.instances import InstanceType, catalogue

SYSFS, NEURON_LS, SETTING = "sysfs", "neuron-ls", "SERVE_INSTANCE_TYPE"

# The runtime pairs Trn2's cores by default (LNC 2), and programs count pairs; the driver does not.
PHYSICAL_PER_CORE = {Generation.V3: 2}


@dataclasses.dataclass(frozen=True)
class Told:
    """One source's word; None and empty mean that it does not tell.

    ``cores`` as programs count them. ``family``: ``Inf1``, ``Inf2``, ``Trn1``, ``Trn2``.
    """

    source: str = ""
    generation: Generation | None = None
    cores: int | None = None
    device_mib: int | None = None
    family: str = ""
    connected: tuple[int, ...] = ()

    @property
    def empty(self) -> bool:
        return self.generation is None and self.cores is None


def by_instance(instance: InstanceType, source: str) -> Told:
    """What the catalogue tells of one chip of this type."""
    return Told(
        source=source,
        generation=instance.generation,
        cores=instance.cores,
        device_mib=instance.device_mib,
        family=family_of(instance.name),
    )


def family_of(name: str) -> str:
    """The driver's word for an instance type: ``Trn1`` for ``trn1n.32xlarge``."""
    return name[:4].capitalize()


def generation_of(family: str) -> Generation | None:
    """The generation by the driver's word for the family; None: unknown word."""
    return next((t.generation for t in catalogue().values() if family_of(t.name) == family), None)


def memory_of(family: str) -> int | None:
    """MiB of one chip, which all types of a family share; None: unknown word."""
    return next((t.device_mib for t in catalogue().values() if family_of(t.name) == family), None)


def generation_by_size(cores: int | None, device_mib: int | None) -> Generation | None:
    """The only generation with such chips; None when there are several or none."""
    found = {t.generation for t in catalogue().values() if (t.cores, t.device_mib) == (cores, device_mib)}
    return found.pop() if len(found) == 1 else None


def merged(sources: Sequence[Told]) -> Told:
    """Each property from the first source that tells it. ``source``: the first that tells the cores."""
    told = [source for source in sources if not source.empty]
    first = next((t for t in told if t.cores is not None), told[0] if told else Told())
    return Told(
        source=first.source,
        generation=next((t.generation for t in told if t.generation is not None), None),
        cores=first.cores,
        device_mib=next((t.device_mib for t in told if t.device_mib is not None), None),
        family=next((t.family for t in told if t.family), ""),
        connected=next((t.connected for t in told if t.connected), ()),
    )


def disagreements(sources: Sequence[Told]) -> list[tuple[Told, Told, str]]:
    """(believed, contradicting, what they say): the first that tells a property against those after it."""
    found = []
    for later in range(1, len(sources)):
        for earlier in range(later):
            difference = _difference(sources[earlier], sources[later])
            if difference:
                found.append((sources[earlier], sources[later], difference))
                break
    return found


def _difference(one: Told, other: Told) -> str:
    if one.generation and other.generation and one.generation != other.generation:
        return f"{one.generation} by {one.source}, {other.generation} by {other.source}"
    if one.cores and other.cores and one.cores != other.cores:
        return f"{one.cores} cores by {one.source}, {other.cores} by {other.source}"
    if one.family and other.family and one.family != other.family:
        return f"{one.family} by {one.source}, {other.family} by {other.source}"
    return ""
