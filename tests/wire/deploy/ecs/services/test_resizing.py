"""Another number of tasks, waited for."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.ecs.verbs import scale
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
