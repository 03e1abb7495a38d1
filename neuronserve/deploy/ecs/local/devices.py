"""The chips of a task on this machine: real ones, or null devices under their names."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuronserve.deploy.ecs.agent import hardware
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType

_NODE = re.compile(r"neuron(0|[1-9][0-9]*)")
NULL = "/dev/null"


@dataclasses.dataclass(frozen=True)
class Chips:
    """Where the nodes are. ``simulated``: of which type the machine pretends to be one.

    ``folder`` None: /dev, or with ``simulated`` no nodes of their own: each chip is the null device.
    """

    folder: Path | None = None
    simulated: InstanceType | None = None

    def node(self, chip: int) -> str:
        if self.folder is None and self.simulated:
            return NULL
        return str((self.folder or Path("/dev")) / f"neuron{chip}")

    def all(self) -> list[int]:
        """The numbers of all chips of the instance."""
        if self.simulated:
            return list(range(self.simulated.chips))
        folder = self.folder or Path("/dev")
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return sorted(int(match[1]) for match in map(_NODE.fullmatch, names) if match)


def placed(request: Mapping[str, Any], chips: Chips) -> dict[str, Any]:
    """The definition with devices of this machine, and told to simulate where that is meant.

    Raises InvalidInput for a chip that the machine, or the type, has not.
    """
    containers = [_container(request, container, chips) for container in request["containerDefinitions"]]
    return {**request, "containerDefinitions": containers}


def _container(request: Mapping[str, Any], container: Mapping[str, Any], chips: Chips) -> dict[str, Any]:
    every = [f"/dev/neuron{chip}" for chip in chips.all()]
    where = f"{request['family']}: container {container['name']}"
    if hardware.wants_all_chips(container) and not every:
        raise InvalidInput(f"{where}: it asks for all chips, and this machine has none", hint=_HINT)
    found = [_device(device, where, chips) for device in hardware.devices(container, every)]
    others = [r for r in container.get("resourceRequirements") or () if r["type"] != "NeuronDevice"]
    linux = {**(container.get("linuxParameters") or {}), "devices": found}
    made = {**container, "linuxParameters": linux, "resourceRequirements": others}
    if chips.simulated and found:
        told = {"MODEL_SERVER": "simulator", "SERVE_INSTANCE_TYPE": chips.simulated.name}
        kept = [v for v in container.get("environment") or () if v["name"] not in told]
        made["environment"] = kept + [{"name": name, "value": value} for name, value in told.items()]
    return made


_HINT = "--simulate needs no chips"
_WORDS = {"r": "read", "w": "write", "m": "mknod"}


def _device(device: hardware.Device, where: str, chips: Chips) -> dict[str, Any]:
    host = device.host
    if device.chip is not None:
        _must_exist(device.chip, where, chips)
        host = chips.node(device.chip)
    return {
        "hostPath": host,
        "containerPath": device.container,
        "permissions": [_WORDS[letter] for letter in device.permissions],
    }


def _must_exist(chip: int, where: str, chips: Chips) -> None:
    if chips.simulated and chip >= chips.simulated.chips:
        raise InvalidInput(
            f"{where}: /dev/neuron{chip}: {chips.simulated.name} has {chips.simulated.chips} "
            f"chip{'s' if chips.simulated.chips > 1 else ''}, counted from 0"
        )
    node = chips.node(chip)
    if node != NULL and not Path(node).exists():
        raise InvalidInput(f"{where}: this machine has no {node}", hint=_HINT)
