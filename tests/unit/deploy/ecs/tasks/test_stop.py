"""Tasks, stopped."""

from __future__ import annotations

import json

import pytest

from neuronserve.deploy import program
from neuronserve.deploy.ecs.verbs import stop
from tests.unit.deploy.ecs.tasks.scripted import ACCOUNT, Denied, Says, definition, described, ended, task


def run(scripted, *argv, tasks=(), **answers):
    known = {
        "ListTasks": {"taskArns": [item["taskArn"] for item in tasks]},
        "DescribeTasks": {"tasks": list(tasks)},
        "DescribeTaskDefinition": described(definition()),
        "DescribeContainerInstances": Denied(),
        "StopTask": {"task": task("t")},
    }
    desk, aws = scripted(**{**known, **answers})
    code = program.main("ecs", "", {"stop": stop}, ["stop", "--cluster", "c", *argv], desk)
    return code, desk.out.getvalue(), desk.err.getvalue(), aws


def test_a_task_is_stopped_waited_for_and_its_exit_code_told(scripted):
    states = [{"tasks": [task("t")]}, {"tasks": [task("t", "STOPPING")]}, {"tasks": [ended("t", 40)]}]
    code, text, said, aws = run(scripted, "t", "--reason", "enough", DescribeTasks=states)
    assert code == 0
    assert aws.asked("StopTask") == [{"cluster": "c", "task": f"{ACCOUNT}:task/c/t", "reason": "enough"}]
    assert json.loads(text)["tasks"][0]["containers"] == [{"name": "neuronserve", "exitCode": 40}]
    assert "exit code 40: stopped as asked, but the drain's time ran out" in said


def test_a_dry_run_shows_the_requests_and_sends_none(scripted):
    _, text, _, aws = run(scripted, "--family", "served", "--dry-run", tasks=[task("a"), task("b")])
    assert [request["task"].rpartition("/")[2] for request in json.loads(text)] == ["a", "b"]
    assert aws.asked("StopTask") == []


def test_one_unknown_name_and_nothing_is_stopped(scripted):
    code, _, said, aws = run(scripted, "t", "typo", tasks=[task("t")])
    assert code == 1
    assert "no task typo in cluster c (nothing was stopped)" in said
    assert aws.asked("StopTask") == []


def test_what_has_stopped_is_not_stopped_again_but_told(scripted):
    _, text, _, aws = run(scripted, "t", tasks=[ended("t", 3)])
    assert aws.asked("StopTask") == []
    assert json.loads(text)["tasks"][0]["containers"][0]["exitCode"] == 3


def test_a_service_that_starts_others_is_told_of(scripted):
    states = [{"tasks": [task("t", group="service:web")]}, {"tasks": [ended("t", group="service:web")]}]
    listed = {"taskArns": [f"{ACCOUNT}:task/c/t"]}
    code, _, said, _ = run(scripted, "--service", "web", ListTasks=listed, DescribeTasks=states)
    assert code == 0
    assert "service web starts other tasks in their place" in said


def test_nothing_to_stop_is_no_error(scripted):
    code, _, said, _ = run(scripted, "--family", "served")
    assert code == 0
    assert "no task of family served runs in cluster c" in said


def test_a_task_that_does_not_stop_in_time_is_told(scripted):
    code, _, said, _ = run(scripted, "t", "--timeout", "30", tasks=[task("t")])
    assert code == 75
    assert "not stopped after 30 s: task t is RUNNING" in said


def test_the_cluster_of_an_arn_counts(scripted):
    desk, aws = scripted(DescribeTasks={"tasks": []})
    program.main("ecs", "", {"stop": stop}, ["stop", f"{ACCOUNT}:task/blue/t"], desk)
    assert aws.asked("DescribeTasks")[0]["cluster"] == "blue"


def test_a_task_that_is_gone_meanwhile_does_not_keep_the_others_running(scripted):
    def stopped(params):
        if params["task"].endswith("/a"):
            raise Says("InvalidParameterException", "The referenced task was not found.")
        return {"task": task("b")}

    states = [{"tasks": [task("a"), task("b")]}, {"tasks": [ended("a"), ended("b")]}]
    code, _, said, aws = run(scripted, "a", "b", DescribeTasks=states, StopTask=stopped)
    assert code == 0
    assert [call["task"][-1] for call in aws.asked("StopTask")] == ["a", "b"]
    assert "a is gone already" in said


def test_a_wait_that_could_not_end_is_refused(scripted, capsys):
    for text in ("nan", "inf", "-1"):
        with pytest.raises(SystemExit) as ended_:
            run(scripted, "t", f"--timeout={text}")
        assert ended_.value.code == 2
    assert "expected seconds, 0 or more" in capsys.readouterr().err
