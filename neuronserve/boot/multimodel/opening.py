"""From the ground to the servers of an endpoint without a model: values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuronserve.boot import cores
from neuronserve.boot.cores import Ground
from neuronserve.boot.judge import Standard
from neuronserve.boot.load import BOARD, warn_of_open_ports
from neuronserve.boot.multimodel import memory
from neuronserve.boot.multimodel.room import Room
from neuronserve.neuron import capacity
from neuronserve.neuron.plan import Owner
from neuronserve.settings import Settings

if TYPE_CHECKING:
    from neuronserve.modelserver.launch import Launch


@dataclasses.dataclass(frozen=True)
class Opening:
    """``ownership``: the map without models; None without NeuronCores.

    ``shared_code``: the folder of the code that all models share; "" without any.
    """

    launches: tuple[Launch, ...]
    standard: Standard
    room: Room
    ownership: Mapping[str, Any] | None
    shared_code: str = ""


def plan(settings: Settings, ground: Ground, runtime: Path, environ: Mapping[str, str], kind: str) -> Opening:
    """Raises NeuronserveError for what cannot be: too many servers for the cores, no port."""
    from neuronserve.modelserver import launch

    allotment = cores.allot_vacant(settings, ground)
    tcp = settings.handler_ports
    launches = launch.plan(settings, (), allotment.owners, runtime, environ, kind, tcp=tcp)
    warn_of_open_ports(launches, kind)
    room = Room(
        servers={owner.server: _memory(owner, ground) for owner in allotment.owners},
        budget=memory.budget(settings, len(launches)),
        copies=settings.model_copies,
        per_server=settings.models_per_server,
        generation=_generation(ground),
    )
    return Opening(launches, Standard(settings, None, runtime / BOARD, ()), room, allotment.map)


def _memory(owner: Owner, ground: Ground) -> capacity.Memory | None:
    if ground.host is None or owner.cores is None:
        return None
    chips = [chip for chip in ground.host.chips if chip.index in owner.chips]
    return capacity.memory(owner.cores[1] - owner.cores[0] + 1, chips)


def _generation(ground: Ground) -> Any:
    chips = ground.host.chips if ground.host else ()
    return next((chip.generation for chip in chips if chip.generation), None)
