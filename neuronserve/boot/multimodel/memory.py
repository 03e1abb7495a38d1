"""Main memory for loaded models, where it is not set: what the container may use, less what else is there."""

from __future__ import annotations

import os

from neuronserve import machine
from neuronserve.settings import Settings

_MIB = 1 << 20
_SERVICE = 512 * _MIB  # nginx, supervisor and gateway, with some requests in flight
_SERVER = 512 * _MIB  # a model server without a model: TensorFlow alone


def budget(settings: Settings, servers: int) -> int:
    """Bytes. At least half of what there is, however small the container."""
    if settings.model_memory_mb is not None:
        return settings.model_memory_mb * _MIB
    return left(min(machine.memory_limit() or physical(), physical()), servers)


def left(total: int, servers: int) -> int:
    return max(total // 2, total - _SERVICE - servers * _SERVER)


def physical() -> int:
    """Bytes of this machine's memory."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
