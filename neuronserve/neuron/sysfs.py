"""What the driver says of its chips below ``/sys``. Everything it does not say is None or empty.

Sources: the AWS Neuron SDK's sysfs user guide, and aws-neuron-driver (``neuron_cdev.c``,
``neuron_sysfs_metrics.c``, ``neuron_dhal_v*.c``). It shows all chips of the host, also in a container
that was given one. ``core_count`` and ``connected_devices`` are for root only; the rest is for all.
The device's ``arch_type`` is of no use here: it says ``NDv3`` for Inf2 and for Trn2.
"""

from __future__ import annotations

import re
from pathlib import Path

from neuronserve.generation import Generation
from neuronserve.instances import catalogue
from neuronserve.neuron.told import PHYSICAL_PER_CORE, SYSFS, Told, generation_of, memory_of

_CORE_GENERATIONS = {"NCv1": Generation.V1, "NCv2": Generation.V2, "NCv3": Generation.V3}


def chips_dir(sys: Path) -> Path | None:
    """The folder with one folder per chip; None where the driver shows none."""
    places = (sys / "devices/virtual/neuron_device", sys / "class/neuron_device")
    return next((place for place in places if place.is_dir()), None)


def on_host(sys: Path) -> int | None:
    """How many chips the host has; None when sysfs does not say."""
    folder = chips_dir(sys)
    return len(numbered(folder, "neuron")) if folder else None


def driver(sys: Path) -> str:
    """The driver's version; empty when it is not loaded or does not say."""
    return text(sys / "module/neuron/version")


def product(sys: Path) -> str:
    """The instance type as a Nitro machine names itself, where the catalogue has it; else empty.

    Source: the driver tells Trn2's UltraServers by the same file.
    """
    name = text(sys / "class/dmi/id/product_name") or text(sys / "devices/virtual/dmi/id/product_name")
    return name if name in catalogue() else ""


def chip(sys: Path, host_index: int) -> Told:
    """What sysfs tells of one chip by its number on the host; an empty Told when it has no such chip."""
    folder = chips_dir(sys)
    if folder is None or not (folder / f"neuron{host_index}").is_dir():
        return Told()
    place = folder / f"neuron{host_index}"
    family = text(place / "info/architecture/instance_type")
    cores = numbered(place, "neuron_core")
    generation = generation_of(family)
    if generation is None and cores:
        arch = text(place / f"neuron_core{cores[0]}/info/architecture/arch_type")
        generation = _CORE_GENERATIONS.get(arch)
    return Told(
        source=SYSFS,
        generation=generation,
        cores=_cores(text(place / "core_count"), len(cores), generation),
        device_mib=memory_of(family),
        family=family,
        connected=_numbers(text(place / "connected_devices")),
    )


def numbered(folder: Path, prefix: str) -> list[int]:
    """The N of all folders ``<prefix>N``, ascending as numbers."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return []
    matches = (re.fullmatch(re.escape(prefix) + r"(\d{1,6})", name, re.ASCII) for name in names)
    return sorted(int(match[1]) for match in matches if match)


def text(path: Path) -> str:
    """A small file's first line, stripped; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            line = file.read(4096).partition(b"\n")[0]
    except OSError:
        return ""
    return line.decode("utf-8", "replace").strip()


def number(path: Path) -> int | None:
    """A counter's value; None when it cannot be read or is no number."""
    found = text(path)
    return int(found) if re.fullmatch(r"\d{1,20}", found, re.ASCII) else None


def _cores(count: str, folders: int, generation: Generation | None) -> int | None:
    physical = int(count) if re.fullmatch(r"[1-9]\d{0,3}", count, re.ASCII) else folders
    if not physical:
        return None
    each = PHYSICAL_PER_CORE.get(generation, 1) if generation else 1
    return max(1, physical // each)


def _numbers(line: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d{1,6}", line, re.ASCII))
