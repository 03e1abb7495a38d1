"""REST ports of the model servers: one each, all different."""

from __future__ import annotations

import socket

from neuronserve.errors import ModelServerError
from neuronserve.settings import Settings


def rest_ports(settings: Settings, count: int) -> list[int]:
    """The first ones of the safe range, else free ones. Raises ModelServerError where it is too small."""
    if not settings.safe_port_range:
        return _free(count)
    low, high = settings.safe_port_range
    ports = [p for p in range(low, min(high, low + count) + 1) if p != settings.bind_port][:count]
    if len(ports) < count:
        raise ModelServerError(
            f"SAGEMAKER_SAFE_PORT_RANGE={low}-{high} has no room for {count} REST ports "
            f"beside {settings.bind_port}",
            hint="widen it, or lower SAGEMAKER_TFS_INSTANCE_COUNT",
        )
    return ports


def _free(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]  # all held at once: all different
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports
