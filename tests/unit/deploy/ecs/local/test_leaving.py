"""What is removed at the end, what is left behind, and what is told of that."""

from __future__ import annotations

import pytest

from neuronserve.errors import EngineFailed

WEB = {"name": "web", "portMappings": [{"containerPort": 8080, "hostPort": 80}]}


def test_detached_tasks_are_left_running_and_the_way_to_remove_them_is_told(machine):
    assert machine.run([WEB], detach=True) == 0
    assert machine.engine.running == {"web": True}
    assert "from now on nobody checks their health or restarts them" in machine.said
    assert machine.said[-1] == (
        "to stop and remove what is left: docker stop neuronserve-x-task0-web && "
        "docker rm --volumes neuronserve-x-task0-web"
    )


def test_what_is_detached_is_stopped_before_what_it_depends_on_and_its_volumes_are_removed_last(machine):
    points = [{"sourceVolume": "tmp", "containerPath": "/tmp"}]
    containers = [
        {"name": "db", "image": "image", "mountPoints": points},
        {**WEB, "image": "image", "dependsOn": [{"containerName": "db", "condition": "START"}]},
    ]
    machine.run(
        {"family": "t", "volumes": [{"name": "tmp"}], "containerDefinitions": containers}, detach=True
    )
    names = "neuronserve-x-t-web neuronserve-x-t-db"
    assert machine.said[-1].endswith(
        f": docker stop {names} && docker rm --volumes {names} && docker volume rm neuronserve-x-t-tmp"
    )


def test_what_ended_before_it_was_ready_ends_a_detached_start_and_is_removed(machine):
    machine.answers["http://127.0.0.1:80"] = False
    machine.clock.at(3, lambda: machine.engine.end("b", 30))
    assert machine.run([{"name": "a"}], [{"name": "b", **{k: v for k, v in WEB.items() if k != "name"}}],
                       detach=True) == 30  # fmt: skip
    assert machine.engine.running == {}


def test_ended_containers_are_kept_where_that_is_asked_for(machine):
    machine.stop_at(5)
    machine.run([WEB], keep=True)
    assert machine.engine.running == {"web": False}
    assert machine.engine.done("rm") == []
    assert machine.said[-1] == "to remove what is left: docker rm --volumes neuronserve-x-task0-web"


def test_volumes_of_the_task_go_even_when_something_else_removed_its_container(machine):
    points = [{"sourceVolume": "tmp", "containerPath": "/tmp"}]
    container = {"name": "web", "image": "image", "mountPoints": points}
    machine.clock.at(3, lambda: machine.engine.vanish("web"))
    with pytest.raises(EngineFailed, match="is gone"):
        machine.run({"family": "t", "volumes": [{"name": "tmp"}], "containerDefinitions": [container]})
    assert machine.engine.volumes_removed == ["neuronserve-x-t-tmp"]


def test_volumes_of_the_task_go_with_it(machine):
    machine.stop_at(5)
    points = [{"sourceVolume": "tmp", "containerPath": "/tmp"}]
    container = {"name": "web", "image": "image", "mountPoints": points}
    machine.run({"family": "t", "volumes": [{"name": "tmp"}], "containerDefinitions": [container]})
    assert machine.engine.volumes_removed == ["neuronserve-x-t-tmp"]
