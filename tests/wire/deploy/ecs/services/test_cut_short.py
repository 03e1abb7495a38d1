"""A rollout that cannot be followed for a while, or no longer."""

from __future__ import annotations

import pytest

from neuronserve.deploy import exits
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.rollout_steps import (
    completes,
    waits,
)


def interrupted(_):
    raise KeyboardInterrupt


@pytest.fixture
def running(ecs):
    """A service of web:1, and web:2 to be deployed to it; the ARN of that."""
    ecs.serves(ecs.registered())
    return ecs.registered()


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 400), ("ServerException", 500)])
def test_looks_that_fail_for_a_moment_do_not_end_it(ecs, deploy, running, code, status):
    def from_now_on(_, __):
        ecs.front.faults.append(Fault("DescribeServices", Refused(code, "Rate exceeded", status), times=12))

    ecs.script.extend([from_now_on, waits, completes])
    ended, _, said = deploy(running)
    assert ended == exits.YES
    assert said.count("AWS does not answer now") == 1
    assert said.count("AWS answers again") == 1


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        (Refused("ExpiredTokenException", "is expired"), "renew the AWS credentials"),
        (Refused("AccessDeniedException", "not authorized"), "scripts/policy prints the rights"),
    ],
)
def test_who_may_look_no_longer_is_told_that_the_rollout_goes_on(ecs, deploy, running, refused, told):
    ecs.script.append(lambda _, __: ecs.front.faults.append(Fault("DescribeServices", refused)))
    code, _, said = deploy(running)
    assert code == exits.REFUSED
    assert told in said
    assert "web: the rollout goes on in ECS" in said


def test_ctrl_c_leaves_the_rollout_and_says_so(deploy, running, clock, monkeypatch):
    monkeypatch.setattr(clock, "sleep", interrupted)
    code, _, said = deploy(running)
    assert code == exits.INTERRUPTED
    assert "web: the rollout goes on in ECS" in said
