"""The requests that make a service what is wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy import shapes
from neuronserve.deploy.ecs.services import changes, creation
from neuronserve.deploy.ecs.services.wanted import Provider
from neuronserve.errors import InvalidInput
from tests.deploying.ecs_rollouts import REQUEST
from tests.deploying.wanted_services import ARN, GROUP, any_wanted, wanted


def live(created):
    """A service as ECS shows it after that CreateService, with its own defaults."""
    shown = {
        "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/c/web",
        "desiredCount": 3,
        "availabilityZoneRebalancing": "ENABLED",
        "healthCheckGracePeriodSeconds": 0,
        "enableExecuteCommand": False,
        **{key: value for key, value in created.items() if key not in {"cluster", "serviceName"}},
    }
    network = shown.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if network:
        network |= {"assignPublicIp": "DISABLED", "securityGroups": network.get("securityGroups", [])}
    return shown


@given(any_wanted())
def test_what_can_be_created_has_aws_s_shape(asked):
    assert shapes.findings("ecs", "CreateService", creation.request(asked)) == []


@given(any_wanted())
def test_nothing_is_left_to_update_after_it_was_created(asked):
    service = live(creation.request(asked))
    assert changes.request(asked, service) is None
    assert changes.tagging(asked, service) is None


@given(any_wanted(), any_wanted())
def test_nothing_is_left_to_update_after_an_update(before, asked):
    service = live(creation.request(before))
    try:
        update = changes.request(asked, service)
    except InvalidInput:
        return
    if update is None:
        return
    assert shapes.findings("ecs", "UpdateService", update) == []
    own = {"cluster", "service", "forceNewDeployment"}
    service |= {key: value for key, value in update.items() if key not in own}
    assert changes.request(asked, service) is None


@given(any_wanted())
def test_a_service_with_chips_never_has_more_tasks_than_chips(asked):
    request = creation.request(asked)
    if asked.chips != "none":
        share = request["deploymentConfiguration"]
        assert (share["minimumHealthyPercent"], share["maximumPercent"]) == (0, 100)
        assert request["availabilityZoneRebalancing"] == "DISABLED"


@given(any_wanted())
def test_a_daemon_has_only_what_ecs_lets_daemons_have(asked):
    request = creation.request(asked)
    if asked.daemon:
        assert {"desiredCount", "capacityProviderStrategy"}.isdisjoint(request)
        assert request["deploymentConfiguration"]["maximumPercent"] == 100
        assert {"type": "distinctInstance"} not in request.get("placementConstraints", [])
        assert request["launchType"] == "EC2"


def test_without_chips_the_rollout_is_aws_s_own_with_the_circuit_breaker():
    request = creation.request(wanted("none"))
    assert set(request["deploymentConfiguration"]) == {"deploymentCircuitBreaker"}
    assert "availabilityZoneRebalancing" not in request


def test_managed_instances_count_their_chips_so_that_no_constraint_is_needed():
    asked = wanted("managed", providers=(Provider("neuron"),), subnets=("subnet-1",))
    assert "placementConstraints" not in creation.request(asked)


@pytest.mark.parametrize("revision", [ARN, "web:2"])
def test_the_same_revision_by_another_name_is_no_change(revision):
    asked = wanted(task_definition=revision)
    assert changes.request(asked, live({**REQUEST, "taskDefinition": ARN})) is None


def test_a_share_that_somebody_chose_stays_where_it_lets_one_task_stop():
    chosen = {**REQUEST["deploymentConfiguration"], "minimumHealthyPercent": 50}
    service = live({**REQUEST, "taskDefinition": ARN, "desiredCount": 4, "deploymentConfiguration": chosen})
    assert changes.request(wanted(), service) is None
    service["desiredCount"] = 1
    update = changes.request(wanted(), service)
    assert update["deploymentConfiguration"]["minimumHealthyPercent"] == 0


def test_alarms_of_a_service_survive_a_change_of_its_shares():
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    service = live({**REQUEST, "taskDefinition": ARN, "deploymentConfiguration": {"alarms": alarms}})
    assert changes.request(wanted(), service)["deploymentConfiguration"]["alarms"] == alarms


def test_a_threshold_of_the_circuit_breaker_survives_too():
    breaker = {"enable": False, "rollback": False, "resetOnHealthyTask": False}
    service = live(
        {**REQUEST, "taskDefinition": ARN, "deploymentConfiguration": {"deploymentCircuitBreaker": breaker}}
    )
    sent = changes.request(wanted(), service)["deploymentConfiguration"]["deploymentCircuitBreaker"]
    assert sent == {"enable": True, "rollback": True, "resetOnHealthyTask": False}


def test_a_service_that_is_deployed_blue_and_green_has_the_chips_only_once():
    both = {**REQUEST["deploymentConfiguration"], "strategy": "BLUE_GREEN"}
    with pytest.raises(InvalidInput, match="deployed BLUE_GREEN: old and new tasks at once"):
        changes.request(wanted(), live({**REQUEST, "taskDefinition": ARN, "deploymentConfiguration": both}))


def test_a_target_group_that_is_new_brings_a_grace_period():
    update = changes.request(wanted(target_groups=(GROUP,)), live({**REQUEST, "taskDefinition": ARN}))
    assert update["healthCheckGracePeriodSeconds"] == 300
    assert update["loadBalancers"][0]["containerName"] == "neuronserve"


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_capacity_provider_is_read_or_refused_in_one_line(text):
    try:
        provider = Provider.parse(text)
    except InvalidInput as error:
        assert "--capacity-provider" in error.message
    else:
        assert shapes.findings("ecs", "UpdateService", {
            "service": "web", "capacityProviderStrategy": [provider.item()]
        }) == []  # fmt: skip
