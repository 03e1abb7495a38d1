"""Where a task listens, and where its instance does."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.rendering.ports import PortMapping, mapping
from neuronserve.deploy.ecs.rendering.spec import Mode, Network, Ports
from neuronserve.errors import InvalidInput
from tests.deploying.task_specs import spec

SLOTS = {"mode": Mode.SLOTS, "slots": 4}


def test_behind_a_bridge_each_slot_has_a_host_port_of_its_own():
    found = [mapping(spec(**SLOTS, host_port=9000), slot) for slot in range(4)]
    assert found == [
        PortMapping(8080, 9000),
        PortMapping(8080, 9001),
        PortMapping(8080, 9002),
        PortMapping(8080, 9003),
    ]


def test_the_host_port_is_the_services_own_when_not_told():
    assert mapping(spec(port=9000), 0) == PortMapping(9000, 9000)


def test_a_dynamic_port_is_of_the_agents_choice():
    assert mapping(spec(**SLOTS, ports=Ports.DYNAMIC), 2) == PortMapping(8080, 0)


def test_on_the_hosts_network_each_slot_listens_on_a_port_of_its_own():
    assert mapping(spec(**SLOTS, network=Network.HOST), 3) == PortMapping(8083, 8083)


def test_with_an_interface_of_its_own_every_slot_has_the_same_port():
    assert mapping(spec(**SLOTS, network=Network.AWSVPC), 3) == PortMapping(8080, 8080)


@pytest.mark.parametrize("port", [22, 2375, 2376, 51678, 51680, 0, 32768, -1])
def test_a_host_port_that_instances_cannot_give_is_refused(port):
    with pytest.raises(InvalidInput, match=f"host port {port}"):
        mapping(spec(host_port=port), 0)


def test_the_port_of_a_later_slot_is_checked_too():
    with pytest.raises(InvalidInput, match="host port 2375 is taken"):
        mapping(spec(**SLOTS, host_port=2374), 1)


@pytest.mark.parametrize("port", [0, 65536])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(InvalidInput, match=f"port {port}: expected 1 to 65535"):
        mapping(spec(port=port), 0)


@pytest.mark.parametrize("network", [Network.HOST, Network.AWSVPC])
def test_only_a_bridge_maps_ports(network):
    with pytest.raises(InvalidInput, match="only a bridge maps ports"):
        mapping(spec(network=network, ports=Ports.DYNAMIC), 0)
    with pytest.raises(InvalidInput, match="host port 9000 and port 8080"):
        mapping(spec(network=network, host_port=9000), 0)
