"""Another number of tasks, waited for."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.ecs.verbs import scale
from tests.deploying.ecs_rollouts import BEGIN
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.rollout_steps import completes, somebody_deploys, waits


@pytest.fixture
def resize(desk):
    def run(*words):
        code = program.single("scale", scale, [*map(str, words), "--cluster", "c"], desk)
        out = desk.out.getvalue()
        return code, json.loads(out) if out else None, desk.err.getvalue()

    return run


def test_it_waits_until_so_many_run(ecs, resize, clock):
    ecs.serves(ecs.registered())
    ecs.script.extend([waits, waits, completes])
    code, result, said = resize("web", "--count", 3)
    assert (code, result["runningCount"]) == (exits.YES, 3)
    assert "web: 3 of 3 tasks running" in said
    assert len(clock.slept) == 2


def test_the_same_number_sends_nothing(ecs, resize):
    ecs.serves(ecs.registered())
    code, _, said = resize("web", "--count", 1)
    assert code == exits.YES
    assert "its desired count is 1 already" in said
    assert ecs.front.sent("UpdateService") == []


def test_tasks_that_never_run_are_no_success(ecs, resize):
    ecs.serves(ecs.registered())
    code, _, said = resize("web", "--count", 3, "--timeout", 60)
    assert code == exits.TIME_UP
    assert "desired 3, pending 0, running 1" in said


def test_somebody_s_deployment_meanwhile_is_told(ecs, resize):
    ecs.serves(ecs.registered())
    ecs.script.append(somebody_deploys(ecs.registered()))
    code, _, said = resize("web", "--count", 3)
    assert code == exits.NO
    assert "another deployment" in said


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "web: 1 is below auto scaling's bounds, 2 to 4: its next step out goes to 2; other bounds"),
        (5, "web: 5 is above auto scaling's bounds, 2 to 4: its next step in goes to 4; other bounds"),
        (3, "web: auto scaling between 2 and 4 may change it again"),
    ],
)
def test_what_auto_scaling_does_to_a_number_set_by_hand_is_told(ecs, resize, count, told):
    ecs.serves(ecs.registered(), desiredCount=2)
    ecs.scaled.append({
        "ServiceNamespace": "ecs", "ResourceId": "service/c/web", "RoleARN": "r",
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 2, "MaxCapacity": 4,
        "CreationTime": BEGIN,
    })  # fmt: skip
    code, requests, said = resize("web", "--count", count, "--dry-run")
    assert (code, requests["desiredCount"]) == (exits.YES, count)
    assert told in said


def test_without_the_right_to_see_auto_scaling_nothing_is_told_of_it(ecs, resize):
    ecs.serves(ecs.registered())
    ecs.front.faults.append(Fault("DescribeScalableTargets", Refused("AccessDeniedException")))
    code, _, said = resize("web", "--count", 3, "--dry-run")
    assert (code, said) == (exits.YES, "would send UpdateService\n")
