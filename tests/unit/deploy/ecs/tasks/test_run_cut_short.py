"""A run that is cut short: by an error, an outage, or Ctrl-C."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neuronserve.deploy import aws as ways
from neuronserve.deploy.ecs.tasks.plan import Run
from neuronserve.errors import AwsFailed
from tests.unit.deploy.ecs.tasks.running import STARTED, run, said, target
from tests.unit.deploy.ecs.tasks.scripted import (
    ACCOUNT,
    Denied,
    Says,
    task,
)  # fmt: skip


def test_an_error_between_slots_leaves_no_task_unnamed(scripted):
    slots = [target("slot0"), target("slot1", port=8081)]
    with pytest.raises(Exception, match="blocked") as caught:
        run(
            scripted,
            targets=slots,
            RunTask=[{"tasks": [task("a", definition="slot0:1")]}, Says("BlockedException", "blocked")],
        )
    assert isinstance(ways.explained(caught.value), AwsFailed)
    assert "not stopped: a (" in said()


def test_ctrl_c_leaves_the_tasks_and_says_so(scripted):
    with pytest.raises(KeyboardInterrupt):
        run(scripted, RunTask={"tasks": [task("t", "PENDING")]}, DescribeTasks=KeyboardInterrupt())
    assert run.aws.asked("StopTask") == []
    assert "not stopped: t (scripts/ecs stop --cluster c t)" in said()


def test_ctrl_c_stops_the_tasks_where_that_is_said(scripted):
    with pytest.raises(KeyboardInterrupt):
        run(
            scripted,
            replace(STARTED, stop_on_interrupt=True),
            RunTask={"tasks": [task("t", "PENDING")]},
            DescribeTasks=KeyboardInterrupt(),
            StopTask={"task": task("t")},
        )
    assert [call["task"] for call in run.aws.asked("StopTask")] == [f"{ACCOUNT}:task/c/t"]


def test_the_same_token_goes_with_the_request_and_into_the_advice(scripted, monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with pytest.raises(Exception, match="down"):
        run(scripted, what=Run(token="mine"), RunTask=Says("ServerException", "down", 500))
    assert {call["clientToken"] for call in run.aws.asked("RunTask")} == {"mine"}
    assert "asked again with --client-token mine, it starts nothing twice" in said()


def test_aws_that_does_not_answer_for_a_while_does_not_end_the_wait(scripted, monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    down = [Says("ServerException", "down", 500)] * 15  # the SDK asks five times
    states = [{"tasks": [task("t", "PENDING")]}, *down, {"tasks": [task("t")]}]
    assert run(scripted, RunTask={"tasks": [task("t", "PENDING")]}, DescribeTasks=states) == 0
    assert said().count("AWS does not answer now") == 1
    assert "AWS answers again" in said()


def test_credentials_that_expire_while_it_waits_end_it_with_what_runs(scripted):
    expired = Says("ExpiredTokenException", "The security token included in the request is expired")
    with pytest.raises(Exception, match="expired") as caught:
        run(scripted, RunTask={"tasks": [task("t", "PENDING")]}, DescribeTasks=expired)
    assert "renew the AWS credentials" in str(ways.explained(caught.value))
    assert "not stopped: t (" in said()


def test_ctrl_c_while_ecs_is_asked_names_the_token(scripted):
    with pytest.raises(KeyboardInterrupt):
        run(scripted, what=Run(token="mine"), RunTask=KeyboardInterrupt())
    assert "asked again with --client-token mine, it starts nothing twice" in said()


def test_tasks_that_ctrl_c_could_not_stop_are_named(scripted):
    with pytest.raises(Exception, match="not authorized"):
        run(
            scripted,
            replace(STARTED, stop_on_interrupt=True),
            RunTask={"tasks": [task("t", "PENDING")]},
            DescribeTasks=KeyboardInterrupt(),
            StopTask=Denied(),
        )
    assert "not stopped: t (" in said()
