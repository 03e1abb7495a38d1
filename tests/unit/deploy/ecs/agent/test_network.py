from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.agent import network
from neuronserve.deploy.ecs.agent.network import Kind, Port


def task(mode=None, *containers):
    return {
        "family": "f",
        **({"networkMode": mode} if mode else {}),
        "containerDefinitions": list(containers),
    }


def one(mode, *mappings, **more):
    request = task(mode, {"name": "a", "image": "i", "portMappings": list(mappings), **more})
    return network.of(request, request["containerDefinitions"][0])


@pytest.mark.parametrize("mode", [None, "bridge"])
def test_behind_a_bridge_a_static_port_is_published_as_it_is(mode):
    assert one(mode, {"containerPort": 8080, "hostPort": 80}) == Network(Port("8080", 80))


@pytest.mark.parametrize("mapping", [{"containerPort": 8080}, {"containerPort": 8080, "hostPort": 0}])
def test_behind_a_bridge_a_port_without_number_is_the_engines_choice(mapping):
    assert one("bridge", mapping) == Network(Port("8080", None))


def test_a_range_is_published_with_ports_of_the_engines_choice():
    found = one("bridge", {"containerPortRange": "8000-8003", "protocol": "udp"})
    assert found == Network(Port("8000-8003", None, "udp"))


def test_an_unknown_protocol_is_tcp_as_ecs_has_it():
    assert one("bridge", {"containerPort": 1, "protocol": "TCP"}).ports[0].protocol == "tcp"


def test_on_the_hosts_network_nothing_is_published():
    assert one("host", {"containerPort": 8080}) == network.Network(Kind.HOST)


@pytest.mark.parametrize(("mode", "more"), [("none", {}), ("bridge", {"disableNetworking": True})])
def test_a_container_may_have_no_network(mode, more):
    assert one(mode, **more).kind is Kind.NONE


def test_an_interface_of_its_own_is_played_by_published_ports_and_that_is_said():
    found = one("awsvpc", {"containerPort": 8080})
    assert found.ports == (Port("8080", 8080),)
    assert "network interface" in found.notes[0]


def test_containers_of_an_interface_share_the_network_of_one_that_lasts():
    web = {"name": "web", "image": "i", "portMappings": [{"containerPort": 80}]}
    init = {"name": "init", "image": "i", "essential": False}
    side = {"name": "side", "image": "i", "portMappings": [{"containerPort": 81}], "dependsOn": []}
    request = task("awsvpc", init, web, side)
    found = {c["name"]: network.of(request, c) for c in request["containerDefinitions"]}
    assert [p.container for p in found["web"].ports] == ["80", "81"]
    assert {n: (f.kind, f.joined) for n, f in found.items() if n != "web"} == {
        "init": (Kind.JOINED, "web"), "side": (Kind.JOINED, "web"),
    }  # fmt: skip


def test_where_none_lasts_they_do_not_share_it_and_that_is_said():
    waits = [{"containerName": "b", "condition": "START"}]
    request = task(
        "awsvpc",
        {"name": "a", "image": "i", "dependsOn": waits},
        {"name": "b", "image": "i", "essential": False},
    )
    found = network.of(request, request["containerDefinitions"][0])
    assert found.kind is Kind.BRIDGE
    assert any("do not share one network" in note for note in found.notes)


@pytest.mark.parametrize(
    ("mode", "kept"), [("bridge", [(80, "tcp")]), ("host", [(80, "tcp"), (8081, "udp")]), ("awsvpc", [])]
)
def test_ecs_keeps_static_ports_of_the_instance_for_one_task(mode, kept):
    ports = [{"containerPort": 8080, "hostPort": 80}, {"containerPort": 8081, "protocol": "udp"}]
    assert network.static_ports(task(mode, {"name": "a", "portMappings": ports})) == kept


def Network(*ports):  # noqa: N802  reads like the value it makes
    return network.Network(Kind.BRIDGE, ports)
