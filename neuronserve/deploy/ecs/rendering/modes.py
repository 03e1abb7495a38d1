"""What the ways to give chips to a task, and the networks, do not go together with."""

from __future__ import annotations

from neuronserve.deploy.ecs.rendering.container import stop_timeout
from neuronserve.deploy.ecs.rendering.spec import Mode, Network, TaskSpec
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType

MANAGED_STOP_TIMEOUT = 120  # seconds, at most
MIN_STOP_TIMEOUT = 2


def check(spec: TaskSpec) -> None:
    """Raises InvalidInput with the reason."""
    if spec.mode is Mode.MANAGED:
        _managed(spec)
    if spec.network is Network.AWSVPC:
        _interfaces(spec.instance_type, spec.slots if spec.mode is Mode.SLOTS else 1)
    _stopping(spec)


def _managed(spec: TaskSpec) -> None:
    if spec.instance_type.family == "inf1":
        raise InvalidInput(
            f"{spec.instance_type.name} with ECS Managed Instances: they have no Inf1",
            hint="use Inf2 or Trn1, or leave --managed out",
        )
    if spec.network is Network.BRIDGE:
        raise InvalidInput("bridge networking with ECS Managed Instances: expected awsvpc or host")


def _interfaces(instance: InstanceType, tasks: int) -> None:
    """A task has a network interface of its own, and the instance itself needs one."""
    if tasks > instance.enis - 1:
        raise InvalidInput(
            f"{tasks} slots with awsvpc networking on {instance.name}, which has {instance.enis} network "
            f"interfaces: {instance.enis - 1} of them are for tasks",
            hint="use --network bridge or host, or fewer slots; ENI trunking is not reckoned with",
        )


def _stopping(spec: TaskSpec) -> None:
    timeout = stop_timeout(spec)
    if spec.stop_timeout is not None and timeout <= max(spec.drain_seconds, MIN_STOP_TIMEOUT - 1):
        raise InvalidInput(
            f"a stop timeout of {timeout} s and a drain of {spec.drain_seconds:g} s: the container would be "
            "killed while it drains",
            hint="raise --stop-timeout, or lower --drain-seconds",
        )
    if spec.mode is Mode.MANAGED and timeout > MANAGED_STOP_TIMEOUT:
        raise InvalidInput(
            f"a stop timeout of {timeout} s: Managed Instances take at most {MANAGED_STOP_TIMEOUT}",
            hint="lower --drain-seconds to 110 or less",
        )
