"""Task definitions as the text of a file."""

from __future__ import annotations

import json
import shlex

import pytest
import yaml

from neuronserve.deploy.ecs.forms.text import Form, suffix, text
from tests.deploying.task_specs import requests

ONE = requests("whole", "inf1.xlarge")
TWO = requests("slots", "inf1.6xlarge")


def test_one_is_an_object_and_several_are_a_list():
    assert json.loads(text(ONE, Form.TASK_DEFINITION, None)) == ONE[0]
    assert json.loads(text(TWO, Form.TASK_DEFINITION, "json")) == TWO
    assert yaml.safe_load(text(TWO, Form.TASK_DEFINITION, "yaml")) == TWO


def test_cloudformation_is_one_template():
    assert set(json.loads(text(TWO, Form.CLOUDFORMATION, None))["Resources"]) == {
        "TaskDefinition0",
        "TaskDefinition1",
    }


def test_compose_is_yaml_unless_told():
    made = text(TWO, Form.COMPOSE, None)
    assert not made.startswith("{")
    assert len(yaml.safe_load(made)["services"]) == 2
    assert json.loads(text(TWO, Form.COMPOSE, "json")) == yaml.safe_load(made)


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_command_is_one_for_a_shell_with_a_line_for_each_option(engine):
    made = text(ONE, Form.DOCKER_RUN, None, engine=engine)
    lines = [line for line in made.splitlines() if not line.startswith("#")]
    assert all(line.endswith("\\") for line in lines[:-1])
    words = shlex.split(made.replace("\\\n", " "), comments=True)
    assert words[:2] == [engine, "run"]
    assert "--device" in words
    assert lines[-1].strip() == ONE[0]["containerDefinitions"][0]["image"]


def test_what_an_engine_cannot_do_is_a_comment_above_the_command():
    made = text(ONE, Form.DOCKER_RUN, None)
    assert "# logs do not go to awslogs" in made.partition("docker run")[0]


def test_the_comments_are_about_the_engine_whose_command_it_is():
    told = {engine: text(ONE, Form.DOCKER_RUN, None, engine=engine) for engine in ("docker", "podman")}
    assert {engine: "needs /bin/sh in the image" in made for engine, made in told.items()} == {
        "docker": True, "podman": False,
    }  # fmt: skip


def test_commands_are_in_the_order_in_which_containers_can_start():
    web = ONE[0]["containerDefinitions"][0]
    late = {**web, "name": "late", "dependsOn": [{"containerName": web["name"], "condition": "START"}]}
    made = text([{**ONE[0], "containerDefinitions": [late, web]}], Form.DOCKER_RUN, None)
    assert made.index(f"-{web['name']} ") < made.index("-late ")


def test_commands_are_apart():
    first, second = text(TWO, Form.DOCKER_RUN, None).split("\n\n")
    assert "/dev/neuron0:/dev/neuron0" in first
    assert "/dev/neuron2:/dev/neuron0" in second


@pytest.mark.parametrize(
    ("form", "output", "ending"),
    [
        (Form.TASK_DEFINITION, None, ".json"),
        (Form.TASK_DEFINITION, "yaml", ".yaml"),
        (Form.CLOUDFORMATION, None, ".cloudformation.json"),
        (Form.COMPOSE, None, ".compose.yaml"),
        (Form.DOCKER_RUN, None, ".sh"),
    ],
)
def test_the_ending_of_a_file_tells_what_is_in_it(form, output, ending):
    assert suffix(form, output) == ending
