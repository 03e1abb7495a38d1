"""A run, from the request to the exit code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neuronserve.deploy.ecs.tasks.plan import Run
from neuronserve.deploy.ecs.tasks.run import Manner
from neuronserve.deploy.ecs.tasks.watch import Goal
from neuronserve.errors import InvalidInput, NoSuchResource, NotPlaced, TimedOut
from tests.unit.deploy.ecs.tasks.running import STARTED, run, said, shown, target
from tests.unit.deploy.ecs.tasks.scripted import (
    ACCOUNT,
    at,
    ended,
    instance,
    task,
)  # fmt: skip


def test_a_task_is_waited_for_until_it_runs_with_a_line_for_each_change(scripted):
    pulled = {"pullStartedAt": at(0), "pullStoppedAt": at(42)}
    states = [
        task("t", "PENDING"),
        task("t", "PENDING", pullStartedAt=at(0)),
        task("t", "PENDING", **pulled),
        task("t", "RUNNING", startedAt=at(50), **pulled),
    ]
    code = run(
        scripted,
        RunTask={"tasks": [task("t", "PROVISIONING", on=None)]},
        DescribeTasks=[{"tasks": [state]} for state in states],
    )
    assert code == 0
    lines = [line.partition("): ")[2] for line in said().splitlines() if "served:1" in line]
    assert lines == [
        "PROVISIONING", "PENDING", "pulling the image", "the image was pulled in 42 s", "RUNNING",
    ]  # fmt: skip
    assert run.desk.clock.slept == [5.0] * 3


def test_the_result_tells_where_the_task_answers(scripted):
    bound = {"containerPort": 8080, "hostPort": 32801, "protocol": "tcp"}
    running = task("t", containers=[{"name": "neuronserve", "networkBindings": [bound]}])
    run(scripted, RunTask={"tasks": [running]})
    (found,) = shown()["tasks"]
    assert found["ec2InstanceId"] == "mi-1"
    assert found["instanceType"] == "inf1.6xlarge"
    assert found["containers"][0]["networkBindings"] == [bound]


def test_health_is_waited_for_past_unhealthy(scripted):
    states = ["UNKNOWN", "UNHEALTHY", "HEALTHY"]
    code = run(
        scripted,
        Manner(Goal.HEALTHY, 60),
        RunTask={"tasks": [task("t", "PENDING")]},
        DescribeTasks=[{"tasks": [task("t", healthStatus=state)]} for state in states],
    )
    assert code == 0
    assert [line for line in states if f"health {line}" in said()] == states


def test_health_that_ecs_does_not_look_at_is_not_waited_for(scripted):
    with pytest.raises(InvalidInput, match="no health check"):
        run(scripted, Manner(Goal.HEALTHY, 60), targets=[target(health=False)])
    assert run.aws.asked("RunTask") == []


@pytest.mark.parametrize("code", [0, 11, 137])
def test_the_exit_code_is_the_containers_when_the_end_is_waited_for(scripted, code):
    found = run(
        scripted,
        Manner(Goal.STOPPED, 60),
        RunTask={"tasks": [task("t")]},
        DescribeTasks={"tasks": [ended("t", code)]},
    )
    assert found == code
    assert f"exit code {code}: " in said()


def test_a_task_that_never_ran_ends_with_1_and_its_reason(scripted):
    broken = task(
        "t",
        "STOPPED",
        containers=[{"name": "neuronserve", "reason": "CannotPullContainerError: not found"}],
        stopCode="TaskFailedToStart",
        stoppedReason="Task failed to start",
    )
    code = run(scripted, RunTask={"tasks": [task("t", "PENDING")]}, DescribeTasks={"tasks": [broken]})
    assert code == 1
    assert "the registry has no such image or tag" in said()
    assert shown()["tasks"][0]["stoppedReason"] == "Task failed to start"


def test_time_that_is_up_names_what_goes_on(scripted):
    with pytest.raises(TimedOut, match=r"not healthy after 60 s: task t is RUNNING \(UNHEALTHY\)"):
        run(
            scripted,
            Manner(Goal.HEALTHY, 60),
            RunTask={"tasks": [task("t", "PENDING")]},
            DescribeTasks={"tasks": [task("t", healthStatus="UNHEALTHY")]},
        )
    assert shown()["tasks"][0]["lastStatus"] == "RUNNING"
    assert "not stopped: t (scripts/ecs stop --cluster c t)" in said()


def test_a_task_that_describe_does_not_know_yet_is_waited_for(scripted):
    missing = {"tasks": [], "failures": [{"arn": f"{ACCOUNT}:task/c/t", "reason": "MISSING"}]}
    code = run(
        scripted,
        RunTask={"tasks": [task("t", "PENDING")]},
        DescribeTasks=[missing, missing, {"tasks": [task("t")]}],
    )
    assert code == 0


def test_a_task_that_stays_unknown_is_no_endless_wait(scripted):
    with pytest.raises(NoSuchResource, match="does not know task t"):
        run(
            scripted,
            Manner(Goal.STOPPED, float("inf")),
            RunTask={"tasks": [task("t", "PENDING")]},
            DescribeTasks={"tasks": []},
        )


def test_failures_are_explained_with_the_numbers_of_each_instance(scripted):
    host = instance(memory=500, ec2InstanceId="mi-1")
    failure = {"arn": host["containerInstanceArn"], "reason": "RESOURCE:MEMORY"}
    with pytest.raises(NotPlaced) as caught:
        run(scripted, instances=[host], RunTask={"tasks": [], "failures": [failure]})
    assert "RESOURCE:MEMORY on host: too little memory is free" in caught.value.message
    assert "needs 8000 MiB, 500 of 40000 are free" in said()
    assert run.desk.out.getvalue() == ""


def test_neither_tasks_nor_failures_is_an_error_of_its_own(scripted):
    host = instance(ports=[8080], ec2InstanceId="mi-1")
    with pytest.raises(NotPlaced, match=r"neither tasks nor failures.*port 8080 is taken"):
        run(scripted, instances=[host], RunTask={"tasks": [], "failures": []})


def test_too_few_tasks_are_named_and_not_enough(scripted):
    with pytest.raises(NotPlaced, match="only 1 of 3 tasks were placed"):
        run(
            scripted,
            what=Run(count=3),
            RunTask={"tasks": [task("t", "PENDING")], "failures": [{"reason": "AGENT"}]},
        )
    assert [found["taskArn"] for found in shown()["tasks"]] == [f"{ACCOUNT}:task/c/t"]
    assert shown()["failures"] == [{"reason": "AGENT"}]
    assert "not stopped: t (" in said()


def test_too_few_tasks_are_enough_where_that_is_said(scripted):
    code = run(
        scripted,
        replace(STARTED, partial=True),
        what=Run(count=3),
        RunTask={"tasks": [task("t")], "failures": [{"reason": "AGENT"}]},
    )
    assert code == 0
    assert "1 of 3 tasks were placed: AGENT: " in said()


def test_slots_run_each_on_its_own_although_one_is_not_placed(scripted):
    slots = [target(f"slot{number}", port=8080 + number) for number in range(3)]
    answers = [
        {"tasks": [task("a", definition="slot0:1")]},
        {"tasks": [], "failures": [{"reason": "RESOURCE:PORTS"}]},
        {"tasks": [task("b", definition="slot2:1")]},
    ]
    with pytest.raises(NotPlaced, match="only 2 of 3"):
        run(scripted, targets=slots, RunTask=answers)
    assert len(run.aws.asked("RunTask")) == 3
    assert "not stopped: a b" in said()


def test_each_run_has_a_token(scripted):
    run(scripted, RunTask={"tasks": [task("t")]})
    assert len(run.aws.asked("RunTask")[0]["clientToken"]) == 36


def test_values_of_overrides_are_not_in_the_result(scripted):
    overrides = {"containerOverrides": [{"name": "n", "environment": [{"name": "A", "value": "s3cret"}]}]}
    run(scripted, RunTask={"tasks": [task("t", overrides=overrides)]})
    assert "s3cret" not in run.desk.out.getvalue() + said()
