"""RunTask's requests, as they are sent."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs.registry.registered import Target
from neuronserve.deploy.ecs.tasks import plan
from neuronserve.deploy.ecs.tasks.plan import Run
from neuronserve.errors import InvalidInput
from tests.unit.deploy.ecs.tasks.scripted import definition


def request(run=None, **request):
    return plan.requests(run or Run(), [Target("served:1", definition(**request))])[0]


def refused(run, **more):
    with pytest.raises(InvalidInput) as caught:
        request(run, **more)
    return str(caught.value)


def test_a_plain_run_says_no_more_than_it_must():
    assert request() == {"cluster": "default", "taskDefinition": "served:1", "count": 1}


def test_every_option_has_its_place_in_the_request():
    run = Run(
        cluster="c",
        count=3,
        constraints=("attribute:ecs.instance-type == inf1.6xlarge",),
        distinct=True,
        strategy=({"type": "spread", "field": "instanceId"},),
        environment={"A": "b=c", "B": ""},
        command=("serve", "--fast"),
        group="g",
        started_by="me",
        tags={"k": "v"},
        propagate_tags=True,
        capacity_providers=("p",),
        token="t",
    )
    assert request(run) == {
        "cluster": "c",
        "taskDefinition": "served:1",
        "count": 3,
        "placementConstraints": [
            {"type": "distinctInstance"},
            {"type": "memberOf", "expression": "attribute:ecs.instance-type == inf1.6xlarge"},
        ],
        "placementStrategy": [{"type": "spread", "field": "instanceId"}],
        "overrides": {
            "containerOverrides": [
                {
                    "name": "neuronserve",
                    "command": ["serve", "--fast"],
                    "environment": [{"name": "A", "value": "b=c"}, {"name": "B", "value": ""}],
                }
            ]
        },
        "capacityProviderStrategy": [{"capacityProvider": "p"}],
        "group": "g",
        "startedBy": "me",
        "tags": [{"key": "k", "value": "v"}],
        "propagateTags": "TASK_DEFINITION",
        "clientToken": "t",
    }


def test_an_interface_of_its_own_needs_a_subnet():
    run = Run(subnets=("subnet-1",), security_groups=("sg-1",), public_ip=True)
    network = request(run, mode="awsvpc")["networkConfiguration"]["awsvpcConfiguration"]
    assert network == {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}
    assert "needs --subnet" in refused(Run(), mode="awsvpc")
    assert "the definition has bridge" in refused(run)
    assert "are for network mode awsvpc" in refused(Run(public_ip=True))


def test_slots_have_a_token_each_so_that_asking_again_is_safe():
    slots = [Target(f"slot{number}:1", definition(f"slot{number}")) for number in range(2)]
    found = plan.requests(Run(token="t"), slots)
    assert [item["clientToken"] for item in found] == ["t-0", "t-1"]


@pytest.mark.parametrize("token", ["x" * 65, "with space", "ümlaut"])
def test_a_token_that_ecs_would_refuse_is_refused_first(token):
    assert "--client-token" in refused(Run(token=token))


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Run(constraints=("attribute:x == 1",) * 11), "11 placement constraints"),
        (Run(constraints=("instance type is large",)), "column"),
        (Run(strategy=({"type": "random"},) * 6), "6 strategies"),
        (Run(launch_type="EC2", capacity_providers=("p",)), "exclude each other"),
        (Run(launch_type="FARGATE"), "no Neuron chips"),
        (Run(capacity_providers=("FARGATE_SPOT",)), "no Neuron chips"),
        (Run(container="other", command=("x",)), "no container is called 'other'"),
        (Run(container="neuronserve"), "neither is given"),
        (Run(environment={"AWS_NEURON_VISIBLE_DEVICES": "ALL"}), "container runtime"),
        (Run(environment={"A": "x" * 8192}), "RunTask takes 8192"),
        (Run(given=[]), "an object is expected"),
        (Run(given={"containerOverrides": {}}), "/overrides/containerOverrides"),
        (Run(given={"containerOverrides": [{"name": "neuronserve", "cpu": "1"}]}), "/cpu: expected an"),
        (Run(given={"containerOverrides": [{"name": "neuronserve", "entrypoint": []}]}), "entrypoint"),
        (Run(given={"inferenceAcceleratorOverrides": []}), "cannot change inferenceAcceleratorOverrides"),
        (Run(tags={"k": "v" * 257}), "/tags/0/value"),
    ],
)  # fmt: skip
def test_what_ecs_would_refuse_is_refused_first(run, words):
    assert words in refused(run)


@pytest.mark.parametrize("key", ["devices", "linuxParameters"])
def test_devices_cannot_be_overridden_and_the_way_that_works_is_named(key):
    overrides = {"containerOverrides": [{"name": "neuronserve", key: [{"hostPath": "/dev/neuron1"}]}]}
    assert "each set of chips is a task definition of its own (render one" in refused(Run(given=overrides))


def test_managed_instances_rule_a_launch_type_out():
    managed = {"resourceRequirements": [{"type": "NeuronDevice", "value": "ALL"}], "linuxParameters": {}}
    assert "--capacity-provider" in refused(Run(launch_type="EC2"), **managed)


def test_variables_join_overrides_of_ones_own():
    own = {
        "taskRoleArn": "arn:aws:iam::123456789012:role/r",
        "containerOverrides": [
            {"name": "neuronserve", "cpu": 5, "environment": [{"name": "A", "value": "old"}]}
        ],
    }
    run = Run(given=own, environment={"A": "new", "B": "b"})
    (changed,) = request(run)["overrides"]["containerOverrides"]
    assert changed["cpu"] == 5
    assert changed["environment"] == [{"name": "A", "value": "new"}, {"name": "B", "value": "b"}]
    assert own["containerOverrides"][0]["environment"] == [{"name": "A", "value": "old"}]


@pytest.mark.parametrize("broken", [None, [], "x", [1]])
def test_a_definition_without_containers_is_refused(broken):
    with pytest.raises(InvalidInput, match="containerDefinitions: a list of objects"):
        plan.requests(Run(), [Target("served:1", {"family": "served", "containerDefinitions": broken})])


@given(
    environment=st.dictionaries(st.text("ABC_", min_size=1), st.text(max_size=20), max_size=4),
    command=st.lists(st.text(max_size=9), max_size=3),
    count=st.integers(1, 10),
    distinct=st.booleans(),
)
def test_botocore_accepts_every_request(environment, command, count, distinct):
    run = Run(count=count, distinct=distinct, environment=environment, command=tuple(command))
    found = request(run)
    assert shapes.findings("ecs", "RunTask", found) == []
    assert json.loads(json.dumps(found)) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["name", "essential", "healthCheck", "linuxParameters", "resourceRequirements", "portMappings"]
)


@given(containers=JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=3), own=JSON)
def test_any_definition_is_planned_or_refused(containers, own):
    malformed = {"family": "f", "containerDefinitions": containers, "placementConstraints": own}
    for run in (Run(), Run(environment={"A": "b"}), Run(subnets=("s",))):
        with suppress(InvalidInput):
            plan.requests(run, [Target("f", malformed)])


@given(JSON | st.dictionaries(st.just("containerOverrides"), JSON))
def test_any_overrides_are_taken_or_refused(overrides):
    with suppress(InvalidInput):
        request(Run(given=overrides, environment={"A": "b"}))


def test_secrets_are_in_no_message():
    assert "s3cret" not in refused(Run(environment={"A": "s3cret" * 2000}))
    assert "s3cret" not in refused(replace(Run(environment={"A": "s3cret"}), container="nobody"))
