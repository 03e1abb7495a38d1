import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.boot.condition import Condition
from neuronserve.state import Model, Server

UP = Condition(
    step="load",
    front_up=True,
    gateway_up=True,
    servers=(Server(0, "unix:a", "ready"), Server(1, "unix:b", "ready")),
    models=(Model("m", (1,)),),
    default_model="m",
    kind="cpu",
)
ONE_DOWN = (Server(0, "unix:a", "ready"), Server(1, "unix:b", "restarting", restarts=1))
ONE_LOADS = (Server(0, "unix:a", "ready"), Server(1, "unix:b", "starting"))
ALL_DOWN = (Server(0, "unix:a", "restarting"), Server(1, "unix:b", "failed"))


@pytest.mark.parametrize(
    ("news", "state", "step"),
    [
        ({}, "ready", ""),
        ({"servers": ()}, "starting", "load"),
        ({"servers": ONE_DOWN}, "degraded", "load"),
        ({"servers": ONE_DOWN, "gateway_up": False}, "starting", "starting the gateway"),
        ({"servers": ALL_DOWN}, "starting", "load"),
        ({"gateway_up": False}, "starting", "starting the gateway"),
        ({"was_ready": True}, "ready", ""),
        ({"was_ready": True, "servers": ONE_DOWN}, "degraded", "restarting model server"),
        ({"was_ready": True, "servers": ONE_LOADS}, "degraded", "load"),
        ({"was_ready": True, "servers": ALL_DOWN}, "starting", "restarting model server"),
        ({"was_ready": True, "gateway_up": False}, "starting", "restarting the gateway"),
        ({"was_ready": True, "front_up": False}, "starting", "restarting nginx"),
        ({"was_ready": True, "ending": "draining", "step": ""}, "draining", ""),
        ({"ending": "failed", "step": "disk_full"}, "failed", "disk_full"),
    ],
)
def test_the_state_follows_from_the_parts(news, state, step):
    found = dataclasses.replace(UP, **news).state()
    assert (found.state, found.step) == (state, step)


def test_the_first_start_serves_only_when_each_model_has_a_server():
    models = (Model("a", (1,)), Model("b", (1,)))
    servers = (Server(0, "unix:a", "ready", models=("a",)), Server(1, "unix:b", "starting", models=("b",)))
    assert dataclasses.replace(UP, models=models, servers=servers).state().state == "starting"
    both = (servers[0], dataclasses.replace(servers[1], models=("a", "b"), state="ready"), servers[1])
    assert dataclasses.replace(UP, models=models, servers=both).state().state == "degraded"


def test_the_detail_tells_what_a_start_waits_for():
    waiting = (Server(0, "unix:a", waits="cores 0-3 are still held by process 7"),)
    found = dataclasses.replace(UP, servers=waiting).state()
    assert found.detail == "0 of 1 model servers are ready; cores 0-3 are still held by process 7"


def test_the_detail_counts_the_servers():
    assert dataclasses.replace(UP, servers=ONE_DOWN).state().detail == "1 of 2 model servers are ready"


@given(
    front=st.booleans(),
    gateway=st.booleans(),
    was_ready=st.booleans(),
    words=st.lists(st.sampled_from(["starting", "ready", "restarting", "failed"]), max_size=3),
    ending=st.sampled_from(["", "draining", "failed"]),
)
def test_it_serves_only_with_a_front_a_gateway_and_a_server(front, gateway, was_ready, words, ending):
    servers = tuple(Server(i, f"unix:{i}", word) for i, word in enumerate(words))
    state = Condition("x", "", front, gateway, servers, was_ready=was_ready, ending=ending).state()
    assert state.serving <= (front and gateway and "ready" in words and not ending)
    assert state.servers == servers
