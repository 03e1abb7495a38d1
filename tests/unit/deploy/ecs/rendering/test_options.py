"""What the options of a command line ask for."""

from __future__ import annotations

import argparse

import pytest

from neuronserve.compiled import Compiled
from neuronserve.deploy.ecs.rendering import options
from neuronserve.deploy.ecs.rendering.spec import Logs, Mode, Network, Ports
from neuronserve.errors import InvalidInput, NotEnoughCores, SettingsError
from neuronserve.generation import Generation
from neuronserve.instances import catalogue
from tests.deploying.task_specs import IMAGE, ROLE


class Somewhere:
    region_if_known = "eu-west-1"


@pytest.fixture
def read(desk):
    """The TaskSpec of words, with ``--image`` and ``--instance-type`` where they are not among them."""

    def read(*words, desk=desk, instance_type=None):
        parser = argparse.ArgumentParser()
        options.arguments(parser)
        image = () if "--image" in words else ("--image", "neuronserve")
        on = () if "--instance-type" in words or instance_type else ("--instance-type", "inf1.6xlarge")
        return options.spec(parser.parse_args([*words, *image, *on]), desk, instance_type)

    return read


def test_little_is_enough(read):
    found = read()
    assert found.instance_type is catalogue()["inf1.6xlarge"]
    assert (found.family, found.container) == ("neuronserve-inf1-6xlarge", "neuronserve")
    assert (found.mode, found.slots, found.network, found.ports) == (
        Mode.WHOLE,
        1,
        Network.BRIDGE,
        Ports.STATIC,
    )
    assert (found.port, found.host_port, found.load_seconds, found.drain_seconds) == (8080, None, 300, 25)
    assert (found.restart, found.read_only, found.placement, found.region) == (True, False, "type", None)


def test_everything_can_be_said(read):
    words = (
        "--slots 2 --network host --port 9000 --ports static --placement family --cpu 2048 --memory 4096 "
        "--reserve-cpu 10 --reserve-memory 20 --registered-memory 48000 --load-seconds 600 "
        "--drain-seconds 40 --stop-timeout 60 --no-restart --read-only --family f --container-name c "
        "--model-uri s3://models/a/ "
        f"--execution-role {ROLE} --task-role {ROLE} --tag a=b=c --tag d= --env A=1 --env B= --secret S=/a/b "
        "--environment-file arn:aws:s3:::settings/a.env"
    ).split()
    found = read(*words)
    assert (found.mode, found.slots, found.network, found.port) == (Mode.SLOTS, 2, Network.HOST, 9000)
    assert (found.cpu, found.memory_mib, found.reserved_cpu, found.reserved_memory_mib) == (
        2048,
        4096,
        10,
        20,
    )
    assert (found.registered_memory_mib, found.load_seconds, found.drain_seconds) == (48000, 600, 40)
    assert (found.stop_timeout, found.restart, found.read_only) == (60, False, True)
    assert (found.family, found.container, found.placement) == ("f", "c", "family")
    assert (found.execution_role, found.task_role, found.model_uri) == (ROLE, ROLE, "s3://models/a/")
    assert (found.tags, found.environment, found.secrets) == (
        {"a": "b=c", "d": ""},
        {"A": "1", "B": ""},
        {"S": "/a/b"},
    )
    assert found.environment_files == ("arn:aws:s3:::settings/a.env",)


def test_managed_instances_have_awsvpc_unless_told(read):
    assert read("--managed").network is Network.AWSVPC
    assert read("--managed", "--network", "host").network is Network.HOST


def test_sagemakers_name_of_a_type_is_understood(read):
    assert read("--instance-type", "ml.inf2.xlarge").instance_type.name == "inf2.xlarge"


def test_a_type_from_elsewhere_goes_before_the_option(read):
    assert read(instance_type=catalogue()["trn1.2xlarge"]).family == "neuronserve-trn1-2xlarge"


def test_the_models_name_is_in_the_family(read):
    assert read("--env", "MODEL_NAME=resnet").family == "neuronserve-resnet-inf1-6xlarge"


def test_what_a_variable_says_shapes_the_task_definition(read):
    found = read(
        *("--env", "SAGEMAKER_BIND_TO_PORT=9000", "--env", "SERVE_DRAIN_SECONDS=7.5"),
        *("--env", "SAGEMAKER_TFS_WAIT_TIME_SECONDS=1200"),
    )
    assert (found.port, found.drain_seconds, found.load_seconds) == (9000, 7.5, 1200)
    assert "SAGEMAKER_BIND_TO_PORT" not in found.environment


def test_logs_are_in_the_known_region_else_in_the_images(read, desk_with):
    assert read(desk=desk_with(aws=Somewhere())).logs == Logs("/ecs/neuronserve-inf1-6xlarge", "eu-west-1")
    assert read("--image", IMAGE, "--family", "f").logs == Logs("/ecs/f", "us-east-1")
    assert read().logs == Logs()
    assert read("--image", IMAGE, "--no-logs").logs == Logs()
    own = ("--log-group", "/a", "--log-stream-prefix", "b", "--create-log-group")
    assert read("--image", IMAGE, *own).logs == Logs("/a", "us-east-1", "b", create_group=True)


def test_the_container_is_told_the_known_region_and_never_the_images(read, desk_with):
    assert read(desk=desk_with(aws=Somewhere())).region == "eu-west-1"
    assert read("--env", "AWS_REGION=us-west-2", desk=desk_with(aws=Somewhere())).region == "us-west-2"
    assert read("--image", IMAGE).region is None


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--instance-type", "inf1.xlarg"], r"'inf1.xlarg': expected one of .*; did you mean inf1.xlarge\?"),
        (["--instance-type", ""], "no instance type"),
        (["--env", "A"], "--env, number 1: expected NAME=VALUE"),
        (["--env", "A=1", "--env", "=1"], "--env, number 2: expected NAME=VALUE"),
        (["--env", "A=1", "--env", "A=2"], "--env A is there twice"),
        (["--secret", "hunter2"], "--secret, number 1"),
        (["--tag", "a"], "--tag, number 1"),
        (
            ["--port", "9000", "--env", "SAGEMAKER_BIND_TO_PORT=9001"],
            "--port 9000, and SAGEMAKER_BIND_TO_PORT",
        ),
        (["--no-logs", "--log-group", "/a"], "--no-logs with --log-group"),
        (["--log-group", "/a"], "no AWS region is set for the logs"),
        (["--image", "a b"], "image 'a b'"),
    ],
)
def test_what_cannot_be_is_refused(read, words, reason):
    with pytest.raises(InvalidInput, match=reason) as caught:
        read(*words)
    assert "hunter2" not in str(caught.value)


def test_a_variable_that_shapes_the_task_definition_is_read_as_the_container_reads_it(read):
    with pytest.raises(SettingsError, match="SERVE_DRAIN_SECONDS='soon'"):
        read("--env", "SERVE_DRAIN_SECONDS=soon")


@pytest.mark.parametrize(
    "words",
    [
        ["--slots", "2", "--managed"],
        ["--model-uri", "/a", "--compilation-job", "b"],
        ["--slots", "two"],
        ["--load-seconds", "-1"],
        ["--reserve-cpu", "1.5"],
        ["--network", "none"],
    ],
)
def test_words_that_are_no_options_end_the_program(read, words, capsys):
    with pytest.raises(SystemExit) as caught:
        read(*words)
    assert caught.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_a_model_is_looked_into_and_must_fit(read, desk_with):
    asked = []

    def inspect(model):
        asked.append(model)
        return {"resnet": (Compiled(version=1, neuron=True, cores=16, generation=Generation.V1),)}

    read("--model", "s3://models/a", desk=desk_with(inspect=inspect))
    with pytest.raises(NotEnoughCores, match=r"a slot of inf1.6xlarge has 8"):
        read("--model", "s3://models/a", "--slots", "2", desk=desk_with(inspect=inspect))
    assert asked == ["s3://models/a"] * 2


def test_what_is_to_know_of_a_model_is_said(read, desk_with):
    desk = desk_with(inspect=lambda _: {"plain": (Compiled(version=1),)})
    read("--model", "/a", desk=desk)
    assert desk.err.getvalue().startswith("note: model 'plain' holds no NeuronOp")
    assert desk.out.getvalue() == ""
