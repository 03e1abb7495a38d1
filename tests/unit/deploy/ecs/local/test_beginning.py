"""What keeps containers from starting: images, options that no machine honours, the engine's refusals."""

from __future__ import annotations

import pytest

from neuronserve.errors import EngineFailed

WEB = {"name": "web", "portMappings": [{"containerPort": 8080, "hostPort": 80}]}


def test_when_one_cannot_start_what_runs_is_stopped_and_removed(machine):
    machine.engine.refusals["b"] = [
        "docker: Error response from daemon: port is already allocated.\nSee help."
    ]
    with pytest.raises(EngineFailed, match=r"^docker run: .*port is already allocated\. \(") as caught:
        machine.run([{"name": "a"}], [{"name": "b"}])
    assert machine.engine.done("stop") == ["a"]
    assert set(machine.engine.done("rm")) == {"a", "b"}
    assert machine.engine.running == {}
    assert "docker ps --filter label=neuronserve.run-local" in caught.value.hint


def test_an_option_that_the_machine_cannot_honour_is_left_out_and_told(machine):
    machine.engine.refusals["web"] = [
        "Error: container-init binary not found on the host",
        "Error: error setting rlimit type 7: operation not permitted",
    ]
    machine.stop_at(5)
    limits = [{"name": "nofile", "softLimit": 1, "hardLimit": 2}]
    machine.run([{**WEB, "linuxParameters": {"initProcessEnabled": True}, "ulimits": limits}])
    last = [words for words in machine.engine.calls if words[0] == "run"][-1]
    assert not {"--init", "--ulimit"} & set(last)
    assert sum("no init program" in line or "the engine's own" in line for line in machine.said) == 2


def test_what_was_conceded_to_one_container_is_asked_of_the_next_no_more(machine):
    machine.engine.refusals["a"] = ["docker: Range of CPUs is from 0.01 to 2.00, as there are only 2"]
    machine.engine.refusals["b"] = [
        "Error: OCI runtime error: crun: the requested cgroup controller `cpu` is not available"
    ]
    machine.stop_at(5)
    tasks = [
        {"family": n, "cpu": "4096", "containerDefinitions": [{"name": n, "image": "image"}]} for n in "abc"
    ]
    machine.run(*tasks)
    asked = [{"--cpus", "--cpu-shares"} & set(words) for words in machine.engine.calls if words[0] == "run"]
    assert asked == [{"--cpus", "--cpu-shares"}, {"--cpu-shares"}, {"--cpu-shares"}, set(), set()]
    assert sum("note: this machine" in line for line in machine.said) == 2


def test_a_reason_that_no_option_is_to_blame_for_is_no_concession(machine):
    machine.engine.refusals["web"] = ["Error: error setting rlimit type 7: operation not permitted"]
    with pytest.raises(EngineFailed, match="rlimit"):
        machine.run([WEB])
    assert machine.engine.done("run") == ["web"]


def test_an_image_that_is_not_here_is_pulled_first(machine):
    machine.engine.images.clear()
    machine.stop_at(5)
    machine.run([WEB])
    assert [words[0] for words in machine.engine.calls[:3]] == ["image", "pull", "run"]


def test_an_image_that_cannot_be_had_is_told_with_both_ways_out(machine):
    machine.engine.images.clear()
    machine.engine.absent = [
        "Error response from daemon: pull access denied",
        "Run 'docker --help'",
    ]
    with pytest.raises(EngineFailed) as caught:
        machine.run([WEB])
    assert str(caught.value).startswith(
        "image is not on this machine: docker pull: Error response from daemon: pull access denied ("
    )
    assert "docker login" in caught.value.hint
    assert "--image" in caught.value.hint
