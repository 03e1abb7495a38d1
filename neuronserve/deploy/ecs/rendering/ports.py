"""The ports of a task: where the service listens, and where the instance does."""

from __future__ import annotations

import dataclasses

from neuronserve.deploy.ecs.rendering.spec import MAX_PORT, RESERVED_PORTS, Network, Ports, TaskSpec
from neuronserve.errors import InvalidInput

DYNAMIC = 0


@dataclasses.dataclass(frozen=True)
class PortMapping:
    """``container``: where the service listens. ``host``: the instance's port; 0: of the agent's choice."""

    container: int
    host: int


def mapping(spec: TaskSpec, slot: int) -> PortMapping:
    """The ports of the task in one slot. Raises InvalidInput for ports that ECS or the network cannot give.

    On the host's network every slot listens on a port of its own; behind a bridge only the host's differs; an
    elastic network interface has all ports for itself.
    """
    if not 1 <= spec.port <= 65535:
        raise InvalidInput(f"port {spec.port}: expected 1 to 65535")
    host = spec.port if spec.host_port is None else spec.host_port
    if spec.network is Network.BRIDGE:
        return PortMapping(spec.port, DYNAMIC if spec.ports is Ports.DYNAMIC else _static(host + slot))
    if spec.ports is Ports.DYNAMIC:
        raise InvalidInput(
            f"dynamic ports with {spec.network} networking: only a bridge maps ports",
            hint="use --network bridge, or --ports static",
        )
    if host != spec.port:
        raise InvalidInput(
            f"host port {host} and port {spec.port} with {spec.network} networking: expected the same",
            hint="nothing maps ports there; leave --host-port out",
        )
    if spec.network is Network.AWSVPC:
        return PortMapping(spec.port, spec.port)
    own = _static(spec.port + slot)
    return PortMapping(own, own)


def _static(port: int) -> int:
    if not 1 <= port <= MAX_PORT:
        raise InvalidInput(
            f"host port {port}: expected 1 to {MAX_PORT}", hint="higher ones are for dynamic ports"
        )
    if port in RESERVED_PORTS:
        raise InvalidInput(f"host port {port} is taken on every container instance", hint="choose another")
    return port
