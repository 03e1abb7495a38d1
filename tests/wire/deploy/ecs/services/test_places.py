"""Tasks that no container instance takes: when that is the end, and why it is so."""

from __future__ import annotations

import pytest

from neuronserve.deploy import exits
from tests.deploying.ecs_rollouts import container_instance
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.rollout_steps import completes, finds_no_place, lacks_a_place, waits


@pytest.fixture
def running(ecs):
    """A service of web:1, and web:2, which asks for 4096 MiB, to be deployed to it."""
    ecs.serves(ecs.registered())
    return ecs.registered()


def test_a_cluster_where_no_instance_can_ever_take_a_task_is_told_before_anything_is_sent(ecs, deploy, clock):
    """With run-task's explanation and exit code."""
    ecs.instances = [container_instance(memory=2048)]
    definition = ecs.registered()
    code, _, said = deploy(definition)
    assert code == exits.NOT_PLACED
    assert (clock.slept, ecs.services) == ([], {})
    assert "i-0123456789abcdef0 (inf1.xlarge): memory: needs 4096 MiB, 2048 are registered in all" in said
    assert "nothing was sent" in said
    assert deploy(definition, "--placement-constraint", "attribute:stack == blue")[0] == exits.NOT_PLACED


def test_an_update_that_no_instance_can_take_leaves_the_service_as_it_is(ecs, deploy, running):
    ecs.instances = [container_instance(memory=2048)]
    code, _, _ = deploy(running)
    assert code == exits.NOT_PLACED
    assert ecs.services["web"]["taskDefinition"].endswith(":1")


def test_a_cluster_without_instances_is_refused_before_anything_is_sent(ecs, deploy):
    ecs.instances = []
    code, _, said = deploy(ecs.registered())
    assert (code, ecs.services) == (exits.NOT_PLACED, {})
    assert "has no container instances" in said


@pytest.mark.parametrize(
    "words", [("--capacity-provider", "asg"), ("--count", 0), ("--daemon",), ("--no-preflight",)]
)
def test_where_instances_may_come_or_none_is_needed_ecs_is_asked(ecs, deploy, words):
    ecs.instances = []
    ecs.script.append(completes)
    assert deploy(ecs.registered(), *words)[0] == exits.YES


def test_what_a_deployment_waits_for_is_told_before_ecs_tells_it(ecs, deploy, running):
    ecs.instances = [container_instance(memory=7000, free=1000)]
    ecs.script.extend([lacks_a_place, waits, waits, waits, completes])
    code, _, said = deploy(running)
    assert code == exits.YES
    assert said.count("waits for a place: none of 1 container instance can take it") == 1
    assert "memory: needs 4096 MiB, 1000 of 7000 are free" in said


def test_a_deployment_whose_tasks_are_about_to_start_waits_for_no_place(ecs, deploy, running):
    ecs.instances = [container_instance(memory=7000, free=1000)]
    ecs.script.extend([waits, waits, waits, waits, completes])
    assert "waits for a place" not in deploy(running)[2]


def test_an_instance_too_small_for_ever_ends_it_at_once_and_says_why(ecs, deploy, clock, running):
    ecs.instances = [container_instance(memory=2048)]
    ecs.script.append(finds_no_place)
    code, _, said = deploy(running, "--no-preflight")
    assert code == exits.NOT_PLACED
    assert clock.slept == []
    assert "no container instance takes its tasks" in said
    assert "i-0123456789abcdef0 (inf1.xlarge): memory: needs 4096 MiB, 2048 are registered in all" in said
    assert "ECS goes on trying" in said


def test_no_place_while_the_old_task_stops_is_no_end(ecs, deploy, running):
    ecs.instances = [container_instance(memory=7000, free=1000)]
    ecs.script.extend([finds_no_place, finds_no_place, waits, completes])
    code, _, said = deploy(running)
    assert code == exits.YES
    assert said.count("none of 1 container instance can take it") == 1


def test_no_place_again_with_nothing_left_to_make_room_is_the_end(ecs, deploy):
    ecs.instances = [container_instance(memory=7000, free=1000)]
    ecs.script.extend([finds_no_place, waits, waits, finds_no_place])
    code, _, said = deploy(ecs.registered())
    assert code == exits.NOT_PLACED
    assert "memory" in said


def test_a_cluster_without_instances_is_told_as_such(ecs, deploy):
    ecs.instances = []
    ecs.script.extend([finds_no_place, finds_no_place])
    code, _, said = deploy(ecs.registered(), "--no-preflight")
    assert code == exits.NOT_PLACED
    assert "the cluster has no container instances" in said


def test_a_place_that_comes_later_is_success(ecs, deploy):
    ecs.script.extend([finds_no_place, waits, completes])
    code, _, _ = deploy(ecs.registered())
    assert code == exits.YES


def test_without_the_right_to_look_it_is_told_in_words(ecs, deploy):
    ecs.front.faults.append(Fault("ListContainerInstances", Refused("AccessDeniedException")))
    ecs.script.extend([finds_no_place, finds_no_place])
    code, _, said = deploy(ecs.registered())
    assert code == exits.NOT_PLACED
    assert "the right to look is missing" in said
    assert "an instance takes a task when its type and attributes match" in said


def test_what_was_found_of_places_is_told_when_the_time_is_up(ecs, deploy, running):
    ecs.instances = [container_instance(memory=7000, free=1000)]
    ecs.script.append(finds_no_place)
    code, _, said = deploy(running, "--timeout", 30)
    assert code == exits.TIME_UP
    assert "none of 1 container instance can take it" in said.splitlines()[-1]
