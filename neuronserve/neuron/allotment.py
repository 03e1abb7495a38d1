"""From the chips here and the models to be served to who owns which cores: grid, needs, plan and map."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from neuronserve.errors import WrongGeneration
from neuronserve.generation import of_neo_target
from neuronserve.neuron import grid as grids
from neuronserve.neuron import ownership
from neuronserve.neuron.chips import Host
from neuronserve.neuron.grid import Grid
from neuronserve.neuron.need import Model, needs
from neuronserve.neuron.plan import Owner, Placement, plan
from neuronserve.neuron.vacant import vacant


class Wishes(Protocol):
    """What was set about cores (``settings/cores.py``)."""

    @property
    def core_offset(self) -> int: ...
    @property
    def visible_cores(self) -> tuple[int, int] | None: ...
    @property
    def num_cores(self) -> int | None: ...
    @property
    def server_count(self) -> int | None: ...
    @property
    def placement(self) -> Placement | None: ...


@dataclasses.dataclass(frozen=True)
class Allotment:
    """``owners``: the servers to start. ``map``: the ownership map as JSON; None without Neuron devices."""

    owners: tuple[Owner, ...]
    map: Mapping[str, Any] | None = None


def core_offset(host: Host, wishes: Wishes) -> int:
    """The number of the first core of the first chip given.

    Where nobody set it, NEURON_RT_VISIBLE_CORES shows it: cores that this container cannot have counted from
    0, and that its chips have on the host, are numbered as the host numbers them. So do older drivers, and
    the Neuron scheduler, which gives ``--device=/dev/neuron1`` with cores 2 and 3.
    """
    visible, each = wishes.visible_cores, {chip.cores or 0 for chip in host.chips}
    if wishes.core_offset or visible is None or len(each) != 1 or 0 in each:
        return wishes.core_offset
    cores = each.pop()
    there = cores * len(host.chips)
    if visible[1] < there:
        return 0
    first_chip = host.chips[0]
    for number in (first_chip.host_index, first_chip.index):
        if number is not None and number * cores <= visible[0] and visible[1] < number * cores + there:
            return number * cores
    return 0


def usable(host: Host, wishes: Wishes) -> Grid:
    """The cores that may be used. Raises DeviceFault and NotEnoughCores, see ``grid.grid``."""
    return grids.grid(
        host.chips, offset=core_offset(host, wishes), visible=wishes.visible_cores, count=wishes.num_cores
    )


def refuse_other_target(host: Host | None, target: str) -> None:
    """Raises WrongGeneration where a compilation job made the model for other chips than those here.

    ``target``: as the bundle has it; "" where nobody said so. On a CPU nothing is compared.
    """
    made_for = of_neo_target(target)
    here = next((chip.generation for chip in (host.chips if host else ()) if chip.generation), None)
    if made_for and here and made_for is not here:
        raise WrongGeneration(
            f"the compilation job made the model for {target} ({made_for.families}), and the chips here are "
            f"{here.families}'s",
            hint="name a job whose target is this host's",
        )


def allot_vacant(host: Host, wishes: Wishes) -> Allotment:
    """Who owns what before there is a model. Raises what ``usable`` and ``vacant`` raise."""
    grid = usable(host, wishes)
    made = vacant(grid, wishes.server_count)
    told = ownership.as_json(made, grid, host=host.instance_type, simulated=host.simulated)
    return Allotment(made.owners, told)


def allot(host: Host, models: Sequence[Model], wishes: Wishes) -> Allotment:
    """Who owns what. Raises what ``usable`` and ``plan`` raise."""
    grid = usable(host, wishes)
    generation = next((chip.generation for chip in host.chips if chip.generation), None)
    made = plan(
        grid, needs(models), generation=generation, servers=wishes.server_count, placement=wishes.placement
    )
    told = ownership.as_json(made, grid, host=host.instance_type, simulated=host.simulated)
    return Allotment(made.owners, told)
