"""Which model servers a model's requests may go to now, worked out once for each state."""

from __future__ import annotations

import dataclasses

from neuronserve.errors import NotReady
from neuronserve.gateway.exchange import Dealing
from neuronserve.modelserver.pool import Pool, copies
from neuronserve.state import Server, State

_READY = "ready"


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """The servers of one model that are up, and how its rows are dealt to them."""

    servers: tuple[Server, ...]
    dealing: Dealing


class Servers:
    """Shared by a worker's threads: two may find out the same at once, which does no harm."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._seen: tuple[State | None, dict[str, Group]] = (None, {})

    def of(self, model: str, state: State) -> Group:
        """Raises NotReady when none is up."""
        seen, groups = self._seen
        if seen is not state:
            groups = {}
            self._seen = (state, groups)
            self._welcome(seen, state)
        group = groups.get(model)
        if group is None:
            group = groups[model] = _group(model, state)
        if not group.servers:
            raise NotReady(f"no model server for model {model!r} is up", hint="try again")
        return group

    def any_up(self, state: State) -> bool:
        return any(server.state == _READY for server in state.servers)

    def _welcome(self, seen: State | None, state: State) -> None:
        """Those that were started again since."""
        restarts = {s.index: s.restarts for s in seen.servers} if seen else {}
        for server in state.servers:
            if server.restarts > restarts.get(server.index, server.restarts):
                self._pool.welcome(server)


def _group(model: str, state: State) -> Group:
    up = tuple(s for s in state.servers if s.state == _READY and s.serves(model))
    joins = bool(up) and all(server.joins for server in up)
    return Group(up, Dealing(max(1, copies(up)), pad=not joins))
