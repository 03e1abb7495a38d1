"""The verb's options, and what a dry run prints; no engine is needed for that."""

from __future__ import annotations

import json
import shlex

import pytest

from neuronserve.deploy import program
from neuronserve.deploy.ecs.rendering import render
from neuronserve.deploy.ecs.rendering.spec import Mode, TaskSpec
from neuronserve.deploy.ecs.verbs import run_local
from neuronserve.instances import catalogue


def one(**container):
    return {"family": "f", "containerDefinitions": [{"name": "a", "image": "i", **container}]}


@pytest.fixture
def slots(tmp_path):
    spec = TaskSpec(catalogue()["inf1.6xlarge"], "repo/image:1", "resnet", mode=Mode.SLOTS, slots=4)
    file = tmp_path / "slots.json"
    file.write_text(json.dumps(render.task_definitions(spec)))
    return file


@pytest.fixture
def run(desk):
    """Exit code and all that was printed."""

    def call(*argv):
        code = program.single("run-local", run_local, [str(word) for word in argv], desk)
        return code, desk.out.getvalue(), desk.err.getvalue()

    return call


def test_a_dry_run_prints_the_engines_commands_and_runs_nothing(run, slots):
    code, out, err = run(slots, "--simulate", "--dry-run", "--engine", "/nowhere/podman")
    lines = [shlex.split(line) for line in out.splitlines()]
    assert code == 0
    assert [words[:3] for words in lines] == [["/nowhere/podman", "run", "--detach"]] * 4
    assert [words[words.index("--publish") + 1] for words in lines] == [
        f"127.0.0.1:{port}:8080" for port in (8080, 8081, 8082, 8083)
    ]
    assert "SIMULATED" in err


def test_the_type_is_that_of_the_placement_unless_another_is_named(run, slots):
    _, out, _ = run(slots, "--simulate", "--dry-run")
    assert "SERVE_INSTANCE_TYPE=inf1.6xlarge" in out
    _, out, _ = run(slots, "--simulate", "inf1.24xlarge", "--dry-run")
    assert "SERVE_INSTANCE_TYPE=inf1.24xlarge" in out


def test_without_chips_the_way_without_chips_is_told(run, slots, tmp_path):
    code, _, err = run(slots, "--device-dir", tmp_path, "--dry-run")
    assert code == 2
    assert "this machine has no" in err
    assert "--simulate needs no chips" in err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--simulate", "inf9.large"], "--simulate inf9.large: no such instance type (one of inf1.xlarge"),
        (["--simulate", "--publish-address", "localhost"], "--publish-address localhost: no IP address"),
        (["--simulate", "--timeout", "0"], "--timeout 0"),
        (["--simulate", "--timeout", "nan"], "--timeout nan"),
        (["--simulate", "--env", "=x"], "--env: a name is missing"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(run, slots, argv, told):
    code, _, err = run(slots, "--dry-run", *argv)
    assert code == 2
    assert told in err
    assert err.count("\n") == 1


def test_types_that_differ_cannot_be_one_instance(run, slots, tmp_path):
    other = tmp_path / "other.json"
    other.write_text(json.dumps(render.task_definitions(TaskSpec(catalogue()["inf2.xlarge"], "i", "f"))))
    code, _, err = run(slots, other, "--simulate", "--dry-run")
    assert code == 2
    assert "inf1.6xlarge and inf2.xlarge" in err


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"family": "f"}, "containerDefinitions is missing"),
        ({"family": "f", "containerDefinitions": []}, "#/containerDefinitions: no container"),
        (one(name=1), "#/containerDefinitions/0/name: expected a string"),
        (one(name=None), "#/containerDefinitions/0/name: "),
        ({"family": "f", "containerDefinitions": [{"name": "a"}]}, "#/containerDefinitions/0: no image"),
        ({"family": "f", "containerDefinitions": [{}]}, "#/containerDefinitions/0: no name, and 1 more"),
        ({"family": "f", "containerDefinitions": [None]}, "#/containerDefinitions/0: expected an object"),
        (one(portMappings=[{"hostPort": 1}]), "/portMappings/0: no containerPort"),
        (one(environment=[{"value": "x"}]), "/environment/0: no name"),
        (one(mountPoints=[{"sourceVolume": "x"}]), "/mountPoints/0: no containerPath"),
        (one(volumesFrom=[{}]), "/volumesFrom/0: no sourceContainer"),
        (one(systemControls=[{"namespace": "x"}]), "/systemControls/0: no value"),
        ({**one(), "volumes": [{"host": {}}]}, "#/volumes/0: no name"),
        ([], "empty"),
    ],
)
def test_a_document_that_is_no_task_definition_is_refused_in_one_line(run, tmp_path, document, told):
    file = tmp_path / "task.json"
    file.write_text(json.dumps(document))
    code, _, err = run(file, "--simulate", "inf1.xlarge", "--dry-run")
    assert code == 2
    assert told in err
    assert err.count("\n") == 1


def test_an_engine_that_is_not_there_is_told(run, slots):
    code, _, err = run(slots, "--simulate", "--engine", "nosuchengine")
    assert code == 69
    assert "nosuchengine: not on PATH" in err
