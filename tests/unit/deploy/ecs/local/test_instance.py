"""What happens to tasks on the played machine, from the first start to the last removal."""

from __future__ import annotations

import signal

import pytest

from neuronserve.deploy.ecs.local.instance import Signals
from neuronserve.deploy.ecs.local.readiness import Wait
from neuronserve.errors import EngineFailed, TimedOut

WEB = {"name": "web", "portMappings": [{"containerPort": 8080, "hostPort": 80}]}


def after(name, condition):
    return [{"containerName": name, "condition": condition}]


def test_a_task_that_is_ready_is_told_with_its_url_and_stopped_on_a_signal(machine):
    machine.stop_at(5)
    assert machine.run([WEB]) == 0
    assert machine.told == ["task0  http://127.0.0.1:80"]
    assert "task0 | web says hello" in machine.said
    assert machine.engine.done("stop") == ["web"]
    assert machine.engine.running == {}


def test_a_port_of_the_engines_choice_is_asked_for(machine):
    machine.stop_at(5)
    machine.run([{"name": "web", "portMappings": [{"containerPort": 8080}]}])
    assert machine.told == ["task0  http://127.0.0.1:49153"]


def test_a_task_is_ready_when_it_answers(machine):
    machine.answers["http://127.0.0.1:80"] = False
    machine.clock.at(50, machine.answers.clear)
    machine.stop_at(60)
    seen = []
    machine.clock.at(49, lambda: seen.append(list(machine.told)))
    machine.run([WEB])
    assert seen == [[]]
    assert len(machine.told) == 1


def test_a_task_without_ports_is_ready_when_it_runs(machine):
    machine.stop_at(5)
    machine.run([{"name": "worker"}])
    assert machine.told == ["task0  no port on this machine"]


def test_the_exit_code_is_that_of_the_essential_container_with_its_meaning(machine):
    machine.clock.at(3, lambda: machine.engine.end("web", 11))
    assert machine.run([WEB]) == 11
    assert "task0: 11: no such bucket, key, prefix or path" in machine.said


def test_the_end_of_an_essential_container_stops_the_others_and_its_code_counts(machine):
    machine.engine.stubborn.add("side")
    machine.clock.at(3, lambda: machine.engine.end("web", 30))
    assert machine.run([{"name": "side"}, WEB]) == 30
    assert machine.engine.done("stop") == ["side"]
    assert machine.engine.codes == {"web": 30, "side": 137}


def test_the_end_of_another_container_is_no_end_of_the_task(machine):
    machine.clock.at(3, lambda: machine.engine.end("side", 1))
    machine.stop_at(9)
    assert machine.run([WEB, {"name": "side", "essential": False}]) == 0
    assert "task0/side: ended with 1" in machine.said


def test_the_last_lines_of_a_container_come_before_its_end_is_told(machine):
    machine.engine.last_words["web"] = ["the reason why"]
    machine.clock.at(3, lambda: machine.engine.end("web", 1))
    machine.run([WEB])
    assert machine.said.index("task0 | the reason why") < machine.said.index("task0: ended with 1")


def test_other_tasks_go_on_when_one_has_ended(machine):
    machine.clock.at(3, lambda: machine.engine.end("a", 1))
    machine.clock.at(100, lambda: machine.engine.end("b", 0))
    assert machine.run([{"name": "a"}], [{"name": "b"}]) == 1
    assert machine.engine.done("stop") == []


def test_memory_that_did_not_suffice_is_told(machine):
    machine.engine.out_of_memory.add("web")
    machine.clock.at(3, lambda: machine.engine.end("web", 137))
    assert machine.run([WEB]) == 137
    assert any("more memory than its limit" in line for line in machine.said)


def test_what_ignores_the_signal_is_killed_by_the_engine_after_its_stop_timeout(machine):
    machine.engine.stubborn.add("web")
    machine.stop_at(5)
    assert machine.run([{**WEB, "stopTimeout": 45}]) == 137
    assert ("stop", "-t", "45", "neuronserve-x-task0-web") in machine.engine.calls
    assert machine.engine.done("kill") == []


def test_a_second_signal_kills_at_once(machine):
    machine.engine.stubborn.add("web")
    machine.stop_at(5, 6)
    assert machine.run([WEB]) == 137
    assert machine.engine.done("kill")[0] == "web"


def test_containers_start_in_the_order_of_their_conditions(machine):
    machine.engine.checks["db"] = [1, 0]
    machine.clock.at(2, lambda: machine.engine.end("init", 0))
    machine.stop_at(120)
    check = {"command": ["CMD", "true"], "interval": 30}
    machine.run([
        {**WEB, "dependsOn": after("init", "SUCCESS") + after("db", "HEALTHY")},
        {"name": "db", "healthCheck": check},
        {"name": "init", "essential": False},
    ])  # fmt: skip
    assert machine.engine.done("run")[-1] == "web"
    order = [words[0] for words in machine.engine.calls if words[0] in ("run", "exec")]
    assert order[:5] == ["run", "run", "exec", "exec", "run"]  # the second check was the first to succeed


def test_containers_stop_before_those_that_they_depend_on(machine):
    machine.engine.stubborn.add("web")
    machine.stop_at(5)
    machine.run([{"name": "db"}, {**WEB, "dependsOn": after("db", "START")}])
    assert machine.engine.done("stop") == ["web", "db"]


@pytest.mark.parametrize(("condition", "code", "starts"), [("SUCCESS", 1, False), ("COMPLETE", 1, True)])
def test_a_failed_forerunner_ends_the_task_where_success_was_asked_for(machine, condition, code, starts):
    machine.clock.at(2, lambda: machine.engine.end("init", code))
    machine.stop_at(9)
    ended = machine.run(
        [{"name": "init", "essential": False}, {**WEB, "dependsOn": after("init", condition)}]
    )
    assert ("web" in machine.engine.done("run")) is starts
    if not starts:
        assert "task0: stopping: container web cannot start: init ended with 1" in machine.said
        assert ended == 1


def test_what_stops_because_a_container_cannot_start_did_not_run_however_the_others_ended(machine):
    machine.clock.at(2, lambda: machine.engine.end("init", 3))
    machine.engine.stubborn.add("side")
    init = {"name": "init", "essential": False}
    assert machine.run([{"name": "side"}, init, {**WEB, "dependsOn": after("init", "SUCCESS")}]) == 1
    assert machine.said[-1] == "task0: it did not run"


def test_a_container_that_something_else_removed_is_told(machine):
    machine.clock.at(3, lambda: machine.engine.vanish("web"))
    with pytest.raises(EngineFailed, match="neuronserve-x-task0-web is gone: something else removed it"):
        machine.run([{"name": "db"}, WEB])
    assert machine.engine.done("stop") == ["db"]


def test_a_dependency_that_is_too_late_ends_the_task(machine):
    machine.engine.checks["db"] = [1]
    db = {"name": "db", "healthCheck": {"command": ["CMD", "false"]}, "startTimeout": 120}
    assert machine.run([db, {**WEB, "dependsOn": after("db", "HEALTHY")}]) == 1
    assert any("was not HEALTHY within its startTimeout of 120 s" in line for line in machine.said)


def test_a_start_timeout_begins_with_the_start_of_what_is_waited_for(machine):
    machine.clock.at(200, lambda: machine.engine.end("init", 0))
    machine.engine.checks["db"] = [0]
    db = {
        "name": "db", "healthCheck": {"command": ["CMD", "true"], "interval": 60}, "startTimeout": 120,
        "dependsOn": after("init", "SUCCESS"),
    }  # fmt: skip
    machine.stop_at(300)
    init = {"name": "init", "essential": False}
    assert machine.run([init, db, {**WEB, "dependsOn": after("db", "HEALTHY")}]) == 0
    assert machine.engine.done("run")[-1] == "web"


def test_a_container_is_restarted_as_its_policy_says_and_prints_no_line_twice(machine):
    policy = {"enabled": True, "restartAttemptPeriod": 60, "ignoredExitCodes": [11]}
    machine.clock.at(61, lambda: machine.engine.end("web", 30))
    machine.clock.at(125, lambda: machine.engine.end("web", 11))
    assert machine.run([{**WEB, "restartPolicy": policy}]) == 11
    assert machine.engine.done("start") == ["web"]
    assert machine.said.count("task0 | web says hello") == 2
    assert "task0: not restarted: the restart policy ignores exit code 11" in machine.said


def test_what_ended_too_soon_is_not_restarted(machine):
    machine.clock.at(59, lambda: machine.engine.end("web", 30))
    policy = {"enabled": True, "restartAttemptPeriod": 60}
    assert machine.run([{**WEB, "restartPolicy": policy}]) == 30
    assert machine.engine.done("start") == []


def test_what_is_stopped_is_not_restarted(machine):
    machine.stop_at(1000)
    assert machine.run([{**WEB, "restartPolicy": {"enabled": True}}]) == 0
    assert machine.engine.done("start") == []


def test_health_is_asked_inside_on_its_interval_and_its_changes_are_told(machine):
    machine.engine.checks["web"] = [1, 1, 0, 1, 1, 1]
    machine.stop_at(200)
    machine.run([{**WEB, "healthCheck": {"command": ["CMD-SHELL", "x"], "interval": 10, "startPeriod": 15}}])
    asked = [words for words in machine.engine.calls if words[0] == "exec"]
    assert asked[0] == ("exec", "neuronserve-x-task0-web", "/bin/sh", "-c", "x")
    changes = [line for line in machine.said if "HEALTHY" in line]
    assert changes == [
        "task0: HEALTHY",
        "task0: UNHEALTHY: connection refused; ECS would now replace the task of a service",
    ]


def test_waiting_for_health_waits_for_every_check(machine):
    machine.engine.checks["web"] = [1, 0]
    seen = []
    machine.clock.at(15, lambda: seen.append(list(machine.told)))
    machine.stop_at(100)
    machine.run([{**WEB, "healthCheck": {"command": ["CMD", "x"], "interval": 10}}], wait=Wait.HEALTHY)
    assert (seen, len(machine.told)) == ([[]], 1)


def test_when_the_time_is_up_all_are_stopped_and_removed(machine):
    machine.answers["http://127.0.0.1:80"] = False
    with pytest.raises(TimedOut, match="task0: not ready after 30 s: nothing answered GET /ping on its port"):
        machine.run([WEB], timeout=30)
    assert machine.engine.done("stop") == ["web"]
    assert machine.engine.running == {}


def test_a_third_signal_waits_for_nothing():
    signals = Signals()
    signals(signal.SIGINT, None)
    signals(signal.SIGTERM, None)
    with pytest.raises(KeyboardInterrupt):
        signals(signal.SIGINT, None)
