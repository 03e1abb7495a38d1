"""The container's variables: what follows from the task, and what must not be set."""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.rendering import environment, ports
from neuronserve.deploy.ecs.rendering.shares import shares
from neuronserve.deploy.ecs.rendering.spec import Mode, Network
from neuronserve.errors import InvalidInput
from neuronserve.settings import Settings
from tests.deploying.task_specs import EVERY, MODEL, MODES, full, spec

SLOTS = {"mode": Mode.SLOTS, "slots": 4}


def merged(asked, slot=0):
    return environment.merged(asked, shares(asked)[slot], ports.mapping(asked, slot))


@pytest.mark.parametrize(("mode", "name"), EVERY)
def test_the_container_takes_what_is_made_for_it(mode, name):
    asked = full(name, **MODES[mode])
    found = Settings.from_environ(merged(asked))
    assert found.model_uri == MODEL
    assert found.drain_seconds == 40
    assert found.load_seconds == 900
    assert found.instance_type == name


def test_defaults_are_left_out():
    assert merged(spec()) == {"MODEL_URI": MODEL, "SERVE_INSTANCE_TYPE": "inf1.6xlarge"}


def test_the_instance_type_is_only_told_when_it_is_certain():
    assert "SERVE_INSTANCE_TYPE" not in merged(spec(placement="family"))


def test_a_slot_on_the_hosts_network_is_told_its_own_port():
    assert merged(spec(**SLOTS, network=Network.HOST), 2)["SAGEMAKER_BIND_TO_PORT"] == "8082"
    assert "SAGEMAKER_BIND_TO_PORT" not in merged(spec(**SLOTS), 2)


@pytest.mark.parametrize(
    ("asked", "workers"),
    [
        (spec(**SLOTS), "6"),
        (spec("inf1.24xlarge", mode=Mode.SLOTS, slots=12), None),
        (spec("inf1.24xlarge", mode=Mode.SLOTS, slots=16), "6"),
        (spec("inf1.xlarge"), None),
        (spec("inf1.xlarge", reserved_cpu=512), "4"),
        (spec("inf1.xlarge", cpu=1024), "1"),
        (spec("inf1.xlarge", cpu=128), "1"),
        (spec("inf1.xlarge", placement="family"), "4"),
        (spec("inf1.6xlarge", placement="family"), None),
        (spec(**SLOTS, environment={"SAGEMAKER_GUNICORN_WORKERS": "3"}), "3"),
    ],
)
def test_workers_are_told_where_the_quota_is_out_of_the_containers_sight(asked, workers):
    assert merged(asked).get("SAGEMAKER_GUNICORN_WORKERS") == workers


def test_a_secret_takes_the_place_of_what_would_follow():
    place = "arn:aws:ssm:us-east-1:123456789012:parameter/uri"
    assert "MODEL_URI" not in merged(spec(secrets={"MODEL_URI": place}))


def test_a_job_is_an_alternative_to_a_uri():
    found = merged(spec(model_uri=None, compilation_job="resnet-1"))
    assert found["COMPILATION_JOB"] == "resnet-1"
    assert "MODEL_URI" not in found


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"environment": {"SERVE_DRAIN_SECOND": "3"}}, "not a setting; did you mean SERVE_DRAIN_SECONDS?"),
        ({"secrets": {"SERVE_TOKEN": "a/b"}}, "SERVE_TOKEN is not a setting"),
        ({"environment": {"AWS_NEURON_VISIBLE_DEVICES": "0"}}, "AWS_NEURON_VISIBLE_DEVICES must not be set"),
        ({"secrets": {"AWS_NEURON_VISIBLE_DEVICES": "x"}}, "AWS_NEURON_VISIBLE_DEVICES must not be set"),
        ({"environment": {"NEURONCORE_GROUP_SIZES": "1"}}, "no effect since Neuron SDK 1.20"),
        ({"environment": {"AWS_SECRET_ACCESS_KEY": "hunter2"}}, "use a task role"),
        ({"environment": {"A": "1"}, "secrets": {"A": "b"}}, "A is both a variable and a secret"),
        ({"secrets": {"SAGEMAKER_BIND_TO_PORT": "b"}}, "cannot be a secret"),
        ({"environment": {"MODEL_URI": "/opt/other"}}, "MODEL_URI is set, and follows from other options"),
        ({"environment": {"SERVE_INSTANCE_TYPE": "inf1.xlarge"}}, "SERVE_INSTANCE_TYPE is set"),
        ({"environment": {"COMPILATION_JOB": "a"}}, "both set: expected one"),
        ({"secrets": {"COMPILATION_JOB": "a"}}, "both set: expected one"),
        ({"model_uri": "s3://b/k?X-Amz-Signature=1f"}, "MODEL_URI is a signed address"),
        ({"model_uri": "models/resnet"}, "MODEL_URI='models/resnet': expected s3://bucket/key"),
        ({"model_uri": "s3://models"}, "expected s3://bucket/key"),
        ({"model_uri": "S3://models/a"}, "expected s3://bucket/key"),
        ({"environment": {"NEURON_RT_VISIBLE_CORES": "12-16"}}, "the task has 16 cores, 0 to 15"),
        ({"environment": {"NEURON_RT_NUM_CORES": "17"}}, "NEURON_RT_NUM_CORES=17"),
        ({"environment": {"SERVE_PLACEMENT": "0-3,4-16"}}, "SERVE_PLACEMENT gives cores 4-16"),
        ({**SLOTS, "environment": {"NEURON_RT_VISIBLE_CORES": "4-7"}}, "the task has 4 cores, 0 to 3"),
        ({"environment": {"SAGEMAKER_BIND_TO_PORT": "9000"}}, "the port is 8080: use --port alone"),
        ({"environment": {"SERVE_DRAIN_SECONDS": "9"}}, "SERVE_DRAIN_SECONDS=9, and the drain is 25 s"),
        (
            {"load_seconds": 900, "environment": {"SAGEMAKER_TFS_WAIT_TIME_SECONDS": "600"}},
            "a load may take 900 s",
        ),
        ({"environment": {"A": "x\0y"}}, "A holds a NUL character"),
        ({"environment": {"1A": "x"}}, "environment variable '1A'"),
        ({"environment_files": ("arn:aws:s3:::b/a.env",) * 11}, "11 environment files: ECS takes 10"),
    ],
)
def test_what_must_not_be_set_is_refused_with_the_reason(changes, reason):
    with pytest.raises(InvalidInput, match=reason):
        merged(spec(**changes))


def test_all_faults_are_told_at_once():
    asked = spec(environment={"SERVE_LOG_LEVEL": "loud", "SERVE_LOG": "x", "AWS_SESSION_TOKEN": "y"})
    with pytest.raises(InvalidInput) as caught:
        merged(asked)
    for name in ("SERVE_LOG_LEVEL='loud'", "SERVE_LOG is not a setting", "AWS_SESSION_TOKEN"):
        assert name in caught.value.message


@pytest.mark.parametrize(
    "asked",
    [
        spec(environment={"AWS_SECRET_ACCESS_KEY": "hunter2"}),
        spec(environment={"PASSWORD": "hunter2", "SERVE_X": "hunter2"}),
        spec(model_uri="https://host/key?X-Amz-Signature=hunter2"),
    ],
)
def test_no_fault_shows_a_secret(asked):
    with pytest.raises(InvalidInput) as caught:
        merged(asked)
    assert "hunter2" not in str(caught.value)


def test_cores_are_counted_from_the_offset_that_was_set():
    own = {"SERVE_CORE_OFFSET": "4", "NEURON_RT_VISIBLE_CORES": "4-7"}
    assert merged(spec(**SLOTS, environment=own), 1)["NEURON_RT_VISIBLE_CORES"] == "4-7"


def test_variables_of_other_programs_pass():
    assert merged(spec(environment={"OTEL_SERVICE_NAME": "resnet"}))["OTEL_SERVICE_NAME"] == "resnet"
