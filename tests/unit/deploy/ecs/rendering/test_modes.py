"""What does not go together, each with its reason."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.rendering import modes
from neuronserve.deploy.ecs.rendering.spec import Mode, Network
from neuronserve.errors import InvalidInput
from neuronserve.instances import catalogue
from tests.deploying.task_specs import spec

MANAGED = {"mode": Mode.MANAGED, "network": Network.AWSVPC}


@pytest.mark.parametrize("name", [one for one in catalogue() if one.startswith("inf1.")])
def test_managed_instances_have_no_inf1(name):
    with pytest.raises(InvalidInput, match=f"{name} with ECS Managed Instances: they have no Inf1"):
        modes.check(spec(name, **MANAGED))


def test_managed_instances_have_no_bridge():
    with pytest.raises(InvalidInput, match="bridge networking with ECS Managed Instances"):
        modes.check(spec("inf2.xlarge", mode=Mode.MANAGED))
    modes.check(spec("inf2.xlarge", mode=Mode.MANAGED, network=Network.HOST))


@pytest.mark.parametrize(("slots", "fine"), [(10, True), (11, False)])
def test_every_slot_needs_a_network_interface_beside_the_instances_own(slots, fine):
    asked = spec("inf1.24xlarge", mode=Mode.SLOTS, slots=slots, network=Network.AWSVPC)
    if fine:
        modes.check(asked)
    else:
        with pytest.raises(InvalidInput, match="11 network interfaces: 10 of them are for tasks"):
            modes.check(asked)


@pytest.mark.parametrize(
    ("drain", "timeout", "fine"),
    [(25, None, True), (25, 26, True), (25, 25, False), (0, 1, False), (0, 2, True)],
)
def test_a_stop_timeout_is_longer_than_the_drain(drain, timeout, fine):
    asked = spec(drain_seconds=drain, stop_timeout=timeout)
    if fine:
        modes.check(asked)
    else:
        with pytest.raises(InvalidInput, match="killed while it drains"):
            modes.check(asked)


@pytest.mark.parametrize(("drain", "fine"), [(110, True), (111, False)])
def test_managed_instances_bound_the_stop_timeout(drain, fine):
    asked = spec("inf2.xlarge", drain_seconds=drain, **MANAGED)
    if fine:
        modes.check(asked)
    else:
        with pytest.raises(InvalidInput, match="Managed Instances take at most 120"):
            modes.check(asked)
    modes.check(spec("inf2.xlarge", drain_seconds=drain))
