"""What a container instance has for tasks: less than the type's nominal size.

An instance registers the kernel's MemTotal minus the agent's ECS_RESERVED_MEMORY: an 8 GiB host some
7,985 MiB or less. A task that asks for the nominal size is never placed.
"""

from __future__ import annotations

from neuronserve.instances import InstanceType

UNITS_PER_VCPU = 1024


def cpu(instance: InstanceType) -> int:
    """CPU units that an instance registers."""
    return instance.vcpus * UNITS_PER_VCPU


def memory_mib(instance: InstanceType) -> int:
    """MiB that tasks can surely have: an estimate, with room for the kernel, the agent and ECS's daemons."""
    return instance.memory_mib * 925 // 1000 - 256
