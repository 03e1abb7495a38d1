"""Tasks that no container instance takes: when that is the end, and why it is so."""

from __future__ import annotations

import pytest

from neuronserve.deploy import exits
from tests.deploying.ecs_rollouts import ACCOUNT
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.rollout_steps import completes, finds_no_place, waits


def instance(memory, free=None):
    """A container instance with so much memory registered, and so much of it free (MiB)."""

    def resources(mib):
        return [
            {"name": "CPU", "type": "INTEGER", "integerValue": 4096},
            {"name": "MEMORY", "type": "INTEGER", "integerValue": mib},
            {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]},
            {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []},
        ]

    return {
        "containerInstanceArn": f"{ACCOUNT}:container-instance/c/1",
        "ec2InstanceId": "i-0123456789abcdef0",
        "status": "ACTIVE",
        "agentConnected": True,
        "registeredResources": resources(memory),
        "remainingResources": resources(memory if free is None else free),
        "attributes": [{"name": "ecs.instance-type", "value": "inf1.xlarge"}],
    }


@pytest.fixture
def running(ecs):
    """A service of web:1, and web:2, which asks for 4096 MiB, to be deployed to it."""
    ecs.serves(ecs.registered())
    return ecs.registered()


def test_an_instance_too_small_for_ever_ends_it_at_once_and_says_why(ecs, deploy, clock, running):
    ecs.instances = [instance(memory=2048)]
    ecs.script.append(finds_no_place)
    code, _, said = deploy(running)
    assert code == exits.NO
    assert clock.slept == []
    assert "no container instance takes its tasks" in said
    assert "i-0123456789abcdef0 (inf1.xlarge): memory: needs 4096 MiB, 2048 are registered in all" in said
    assert "ECS goes on trying" in said


def test_no_place_while_the_old_task_stops_is_no_end(ecs, deploy, running):
    ecs.instances = [instance(memory=7000, free=1000)]
    ecs.script.extend([finds_no_place, finds_no_place, waits, completes])
    code, _, said = deploy(running)
    assert code == exits.YES
    assert said.count("none of 1 container instance can take it") == 1


def test_no_place_again_with_nothing_left_to_make_room_is_the_end(ecs, deploy):
    ecs.instances = [instance(memory=7000, free=1000)]
    ecs.script.extend([finds_no_place, waits, waits, finds_no_place])
    code, _, said = deploy(ecs.registered())
    assert code == exits.NO
    assert "memory" in said


def test_a_cluster_without_instances_is_told_as_such(ecs, deploy):
    ecs.script.extend([finds_no_place, finds_no_place])
    code, _, said = deploy(ecs.registered())
    assert code == exits.NO
    assert "the cluster has no container instances" in said


def test_a_place_that_comes_later_is_success(ecs, deploy):
    ecs.script.extend([finds_no_place, waits, completes])
    code, _, _ = deploy(ecs.registered())
    assert code == exits.YES


def test_without_the_right_to_look_it_is_told_in_words(ecs, deploy):
    ecs.front.faults.append(Fault("ListContainerInstances", Refused("AccessDeniedException")))
    ecs.script.extend([finds_no_place, finds_no_place])
    code, _, said = deploy(ecs.registered())
    assert code == exits.NO
    assert "the right to look is missing" in said
    assert "an instance takes a task when its type and attributes match" in said


def test_what_was_found_of_places_is_told_when_the_time_is_up(ecs, deploy, running):
    ecs.instances = [instance(memory=7000, free=1000)]
    ecs.script.append(finds_no_place)
    code, _, said = deploy(running, "--timeout", 30)
    assert code == exits.TIME_UP
    assert "none of 1 container instance can take it" in said.splitlines()[-1]
