"""Which ends of the container ECS answers with a restart in place."""

from __future__ import annotations

import pytest

from neuronserve import errors, exitcodes
from neuronserve.deploy.ecs.rendering import restarts


def test_every_final_code_is_one_that_the_container_ends_with():
    assert set(restarts.FINAL) <= set(exitcodes.MEANINGS)
    assert len(set(restarts.FINAL)) == len(restarts.FINAL) <= 50


@pytest.mark.parametrize(
    "error",
    [
        errors.SettingsError([]),
        errors.ModelNotFound("x"),
        errors.DigestMismatch("x"),
        errors.WrongGeneration("x"),
        errors.NotEnoughCores("x"),
        errors.DeviceFault("x"),
    ],
)
def test_a_fault_that_stays_is_not_tried_again(error):
    assert exitcodes.of(error) in restarts.FINAL


@pytest.mark.parametrize(
    "error",
    [
        errors.TransferError("x"),
        errors.Throttled("x"),
        errors.CredentialsError("x"),
        errors.ModelServerError("x"),
        errors.GatewayError("x"),
        RuntimeError(),
    ],
)
def test_a_fault_that_may_pass_is_tried_again(error):
    assert exitcodes.of(error) not in restarts.FINAL


def test_a_stop_is_final():
    assert {exitcodes.STOPPED, exitcodes.DRAIN_EXPIRED, 143, 130} <= set(restarts.FINAL)


@pytest.mark.parametrize(("load", "period"), [(0, 60), (60, 60), (300, 300), (1800, 1800), (5000, 1800)])
def test_a_container_that_dies_while_it_loads_ends_the_task(load, period):
    assert restarts.policy(load)["restartAttemptPeriod"] == period
