"""An endpoint and what it works with, put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from neuronserve import privileges
from neuronserve.boot.multimodel.attendant import Attendant
from neuronserve.boot.multimodel.control import SOCKET, Control
from neuronserve.boot.multimodel.endpoint import Endpoint, Parts
from neuronserve.boot.multimodel.getting import Getting
from neuronserve.boot.multimodel.opening import Opening
from neuronserve.errors import NeuronserveError, ServingError
from neuronserve.settings import Settings
from neuronserve.state import State
from neuronserve.supervise.children import Children
from neuronserve.supervise.loop import Loop


@dataclasses.dataclass(frozen=True)
class Assembly:
    """``attendants``: the judges of the servers, in their order."""

    endpoint: Endpoint
    attendants: tuple[Attendant, ...]
    control: Control

    def stop(self) -> None:
        self.control.close()
        self.endpoint.stop()


def assemble(
    loop: Loop,
    children: Children,
    opening: Opening,
    *,
    settings: Settings,
    runtime: Path,
    environ: Mapping[str, str],
    changed: Callable[[], None],
    published: Callable[[], State],
) -> Assembly:
    """Requests for loads are taken from now on. Raises ServingError when the socket cannot be made."""
    from neuronserve.modelserver.board import BoardReader

    def lost(name: str, error: NeuronserveError) -> None:
        endpoint.lost(name, error)

    attendants = tuple(
        Attendant(loop, launch, opening.standard, changed=changed, lost=lost) for launch in opening.launches
    )
    parts = Parts(
        settings,
        runtime,
        Getting(
            loop,
            children,
            runtime=runtime,
            environ=environ,
            seconds=settings.load_seconds,
            shared_code=opening.shared_code,
        ),
        rosters={
            launch.index: attendant.roster
            for launch, attendant in zip(opening.launches, attendants, strict=True)
        },
        held=BoardReader(opening.standard.board).held,
        changed=changed,
        published=published,
    )
    endpoint = Endpoint(loop, parts, opening.room)
    try:
        control = Control(loop, runtime / SOCKET, endpoint.handle, privileges.accounts(settings).gateway)
    except OSError as error:
        raise ServingError(f"{runtime / SOCKET} cannot be made: {error.strerror or error}") from error
    return Assembly(endpoint, attendants, control)
