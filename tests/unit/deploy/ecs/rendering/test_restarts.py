"""Which ends of the container ECS answers with a restart in place."""

from __future__ import annotations

import pytest

from neuronserve import errors, exitcodes
from neuronserve.deploy.ecs.rendering import restarts

IGNORED = frozenset(restarts.policy(300)["ignoredExitCodes"])


def test_every_exit_code_of_the_table_is_ignored_unless_a_restart_may_help():
    assert set(exitcodes.MEANINGS) - IGNORED == exitcodes.RESTARTABLE
    assert set(exitcodes.MEANINGS) >= IGNORED


def test_ecs_takes_the_list():
    """RegisterTaskDefinition takes at most 50 codes."""
    listed = restarts.policy(300)["ignoredExitCodes"]
    assert len(set(listed)) == len(listed) <= 50


@pytest.mark.parametrize(
    "error",
    [
        errors.SettingsError([]),
        errors.ModelNotFound("x"),
        errors.DigestMismatch("x"),
        errors.WrongGeneration("x"),
        errors.NotEnoughCores("x"),
        errors.DeviceFault("x"),
        errors.OtherFramework("x"),
        errors.BrokenHandler("x"),
        errors.AmbiguousModels("x"),
        errors.GoldenMismatch("x"),
    ],
)
def test_a_fault_that_stays_is_not_tried_again(error):
    assert exitcodes.of(error) in IGNORED


@pytest.mark.parametrize(
    "error",
    [
        errors.TransferError("x"),
        errors.Throttled("x"),
        errors.CredentialsError("x"),
        errors.ModelServerError("x"),
        errors.GatewayError("x"),
        errors.RequirementsFailed("x"),
        RuntimeError(),
    ],
)
def test_a_fault_that_may_pass_is_tried_again(error):
    assert exitcodes.of(error) not in IGNORED


def test_a_stop_is_final():
    assert {exitcodes.STOPPED, exitcodes.DRAIN_EXPIRED, 143, 130} <= IGNORED


@pytest.mark.parametrize(("load", "period"), [(0, 60), (60, 60), (300, 300), (1800, 1800), (5000, 1800)])
def test_a_container_that_dies_while_it_loads_ends_the_task(load, period):
    assert restarts.policy(load)["restartAttemptPeriod"] == period
