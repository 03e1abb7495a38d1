"""What Neo compiles for: frameworks, their versions, regions; the data is in ``targets.toml``."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

VERSIONED = ("MXNET", "PYTORCH", "TENSORFLOW", "TFLITE")  # the API: FrameworkVersion is for these alone
EIA = "ml_eia2"


@dataclasses.dataclass(frozen=True)
class Group:
    """Devices of one kind. ``frameworks``: None where AWS prints no table; ``regions``: None for all.

    ``families``: the instance families with Neuron chips, such as ``Inf1``; "" for other devices.
    """

    devices: tuple[str, ...]
    families: str = ""
    frameworks: Mapping[str, tuple[str, ...]] | None = None
    regions: tuple[str, ...] | None = None

    @property
    def neuron(self) -> bool:
        return bool(self.families)


@functools.cache
def groups() -> tuple[Group, ...]:
    raw = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return tuple(
        Group(
            tuple(row["devices"]),
            row.get("families", ""),
            {name: tuple(found) for name, found in row["frameworks"].items()}
            if "frameworks" in row
            else None,
            tuple(row["regions"]) if "regions" in row else None,
        )
        for row in raw.values()
    )


def group_of(device: object) -> Group | None:
    """The group of a TargetDevice; None for those that AWS's tables do not name (edge devices)."""
    return next((one for one in groups() if device in one.devices), None)


def is_neuron(device: object) -> bool:
    found = group_of(device)
    return found is not None and found.neuron


def devices_of(family: str) -> Iterator[str]:
    """The devices to compile for, for an instance family such as ``inf1``."""
    for one in groups():
        if one.families.lower() == family.lower():
            yield from one.devices


def same_version(asked: str, listed: str) -> bool:
    """Whether a version is one of AWS's table: ``1.15.3`` is in 1.15, and ``1.15`` means its 1.15.3."""
    mine, theirs = asked.split("."), listed.split(".")
    length = min(len(mine), len(theirs))
    return length >= 2 and mine[:length] == theirs[:length]


def version_for(versions: tuple[str, ...], made_with: str) -> str:
    """The version to compile with, for what another version wrote: of the same major one, the last; or ""."""
    major = made_with.partition(".")[0]
    return next((one for one in reversed(versions) if one.partition(".")[0] == major), "")


def newer(one: str, other: str) -> bool:
    """Whether ``one`` is later than the series ``other``: 2.6.1 is later than 2.5, and 2.5.3 is not."""
    parts = [tuple(int(part) for part in text.split(".")[:2] if part.isdecimal()) for text in (one, other)]
    return len(parts[0]) == len(parts[1]) == 2 and parts[0] > parts[1]
