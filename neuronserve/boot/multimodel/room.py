"""Who gets a model, and whether there is room for it: a value that is booked before anything is loaded. Pure.

A model that fits nowhere beside the others is NoRoom, so that the platform unloads one and tries again. One
that would not fit on an empty endpoint is LoadFailed: no unload would help. Models stay where they are, so a
model has room when enough servers have, each by itself, and all copies together are within the budget.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from neuronserve.errors import LoadFailed, NoRoom
from neuronserve.generation import Generation
from neuronserve.neuron import capacity
from neuronserve.neuron.capacity import Demand, Memory

_UNLOAD = "unload another model"


@dataclasses.dataclass(frozen=True)
class Needs:
    """What one model takes: ``host_bytes`` on each server that gets it, and of cores and device memory."""

    host_bytes: int
    demand: Demand

    @property
    def name(self) -> str:
        return self.demand.need.model


@dataclasses.dataclass(frozen=True)
class Booking:
    needs: Needs
    servers: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Room:
    """``servers``: the cores of each and their memory, by its index; None without NeuronCores.

    ``budget``: bytes of main memory for all models. ``copies``: servers that get each model; ``per_server``:
    how many models one server may have, None: any number.
    """

    servers: Mapping[int, Memory | None]
    budget: int
    copies: int = 1
    per_server: int | None = None
    generation: Generation | None = None
    booked: Mapping[str, Booking] = dataclasses.field(default_factory=dict)

    @property
    def used(self) -> int:
        """Bytes of main memory that are booked."""
        return sum(one.needs.host_bytes * len(one.servers) for one in self.booked.values())

    def on(self, server: int) -> list[Needs]:
        """The models of one server."""
        return [one.needs for one in self.booked.values() if server in one.servers]

    def book(self, needs: Needs) -> Room:
        """With room for the model on the emptiest servers. Raises NoRoom, LoadFailed."""
        self._must_ever_fit(needs)
        total = needs.host_bytes * self._copies
        if self.used + total > self.budget:
            raise NoRoom(
                f"model {needs.name!r} needs {_mib(total)} of memory, and {_mib(self.budget - self.used)} "
                f"of {_mib(self.budget)} are free",
                hint=_UNLOAD,
            )
        open_ = [server for server in self.servers if self.fits(server, needs)]
        if len(open_) < self._copies:
            raise NoRoom(self._full(needs), hint=_UNLOAD)
        chosen = tuple(sorted(sorted(open_, key=lambda one: self._fullness(one, needs))[: self._copies]))
        return dataclasses.replace(self, booked={**self.booked, needs.name: Booking(needs, chosen)})

    def free(self, name: str) -> Room:
        """Without the model; the same room when it was never booked."""
        return dataclasses.replace(self, booked={k: v for k, v in self.booked.items() if k != name})

    @property
    def _copies(self) -> int:
        return min(self.copies, len(self.servers))

    def fits(self, server: int, needs: Needs) -> bool:
        """Whether one server has room, as far as cores and their memory go."""
        there = self.on(server)
        if self.per_server is not None and len(there) >= self.per_server:
            return False
        memory = self.servers[server]
        if memory is None or not needs.demand.need.cores:
            return True
        return memory.cores >= needs.demand.need.cores and capacity.fits(
            memory, [one.demand for one in there], needs.demand
        )

    def _fullness(self, server: int, needs: Needs) -> tuple[int, int, int, int]:
        """The least is the emptiest: by device memory as it would be, then models, then main memory."""
        there, memory = self.on(server), self.servers[server]
        device = (
            capacity.fullest(memory, [*(one.demand for one in there), needs.demand])
            if memory is not None and needs.demand.need.cores
            else 0
        )
        return device, len(there), sum(one.host_bytes for one in there), server

    def _must_ever_fit(self, needs: Needs) -> None:
        """Raises LoadFailed for what would not fit on an empty endpoint."""
        need, alone = needs.demand.need, dataclasses.replace(self, booked={})
        total = needs.host_bytes * self._copies
        if total > self.budget:
            raise LoadFailed(
                f"model {need.model!r} needs {_mib(total)} of memory, and there are {_mib(self.budget)} "
                "for all",
                hint="raise SERVE_MODEL_MEMORY_MB, or take a larger instance",
            )
        owned = [memory for memory in self.servers.values() if memory is not None]
        if not need.cores or not owned:
            return
        if self.generation and need.generation and need.generation is not self.generation:
            raise LoadFailed(
                f"model {need.model!r} was compiled for {need.generation.families}, and these chips are "
                f"{self.generation.families}",
                hint=f"compile it for {self.generation.families}",
            )
        most = max(memory.cores for memory in owned)
        if need.cores > most:
            raise LoadFailed(
                f"model {need.model!r} was compiled for {need.cores} cores, and no model server has more "
                f"than {most}",
                hint="lower SAGEMAKER_TFS_INSTANCE_COUNT, or compile it with a smaller --num-neuroncores",
            )
        if sum(alone.fits(server, needs) for server in self.servers) < self._copies:
            size = _mib(int(needs.demand.copy_bytes * capacity.FACTOR))
            raise LoadFailed(
                f"model {need.model!r} needs {size} of device memory for each copy, which the cores of "
                f"{self._copies} model server(s) do not have",
                hint="compile it for more cores, or lower SERVE_MODEL_COPIES",
            )

    def _full(self, needs: Needs) -> str:
        """Why too few servers have room."""
        free = [
            server
            for server in self.servers
            if self.per_server is None or len(self.on(server)) < self.per_server
        ]
        if len(free) < self._copies:
            return f"each model server has as many models as it may have: {self.per_server}"
        return f"no model server has enough device memory left for model {needs.name!r}"


def _mib(count: int) -> str:
    return f"{max(0, count) / (1 << 20):,.1f} MiB"
