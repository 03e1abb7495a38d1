"""The model servers' own TCP ports, all different: REST and gRPC, where a model's own code may need them."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Sequence

from neuronserve.errors import ModelServerError
from neuronserve.settings import Settings


@dataclasses.dataclass(frozen=True)
class Ports:
    """None where only the unix socket is needed."""

    rest: int | None = None
    grpc: int | None = None


def allot(settings: Settings, servers: int, *, tcp: bool) -> tuple[Ports, ...]:
    """For each server the first ones of the safe range, else free ones; without ``tcp`` none.

    Raises ModelServerError where the range is too small.
    """
    if not tcp:
        return (Ports(),) * servers
    # in pairs: a server that comes later moves nobody's
    taken = iter(_inner(settings, 2 * servers, f"{2 * servers} ports (REST and gRPC of {servers} servers)"))
    return tuple(Ports(rest, grpc) for rest, grpc in zip(taken, taken, strict=True))


def _inner(settings: Settings, count: int, told: str) -> Sequence[int]:
    if not settings.safe_port_range:
        return _free(count)
    low, high = settings.safe_port_range
    ports = [p for p in range(low, min(high, low + count) + 1) if p != settings.bind_port][:count]
    if len(ports) < count:
        raise ModelServerError(
            f"SAGEMAKER_SAFE_PORT_RANGE={low}-{high} has no room for {told} beside {settings.bind_port}",
            hint="widen it, or lower SAGEMAKER_TFS_INSTANCE_COUNT",
        )
    return ports


def _free(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]  # all held at once: all different
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports
