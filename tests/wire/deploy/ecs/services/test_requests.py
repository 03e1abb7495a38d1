"""What is sent: to create, to change, and nothing where nothing differs."""

from __future__ import annotations

import pytest

from neuronserve.deploy import exits, shapes
from tests.deploying.ecs_rollouts import ACCOUNT, DEFINITION
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.rollout_steps import becomes, completes, fails, waits

SENDING = ("CreateService", "UpdateService", "TagResource", "RegisterTaskDefinition")
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"


def test_a_new_service_with_chips_frees_them_first_and_is_rolled_back(ecs, deploy):
    ecs.script.append(completes)
    deploy(ecs.registered())
    (sent,) = ecs.front.sent("CreateService")
    assert sent == {
        "cluster": "c",
        "serviceName": "web",
        "taskDefinition": f"{ACCOUNT}:task-definition/web:1",
        "schedulingStrategy": "REPLICA",
        "desiredCount": 1,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "minimumHealthyPercent": 0,
            "maximumPercent": 100,
        },
        "availabilityZoneRebalancing": "DISABLED",
        "placementConstraints": [{"type": "distinctInstance"}],
        "enableECSManagedTags": True,
        "propagateTags": "TASK_DEFINITION",
    }


def test_a_daemon_has_no_count_and_no_distinct_instance_and_its_launch_type_is_said(ecs, deploy):
    ecs.instances = []
    ecs.script.append(completes)
    code, _, said = deploy(ecs.registered(), "--daemon")
    (sent,) = ecs.front.sent("CreateService")
    assert code == exits.YES
    assert {"desiredCount", "placementConstraints"}.isdisjoint(sent)
    assert (sent["schedulingStrategy"], sent["launchType"]) == ("DAEMON", "EC2")
    assert "no container instance matches its constraints" in said


def test_a_file_that_is_new_is_registered_and_deployed(ecs, deploy, file):
    ecs.script.append(completes)
    code, result, said = deploy(file("web"))
    assert (code, result["taskDefinition"]) == (exits.YES, f"{ACCOUNT}:task-definition/web:1")
    assert "registered web:1" in said


def test_a_second_time_nothing_is_sent_and_its_state_is_still_told(ecs, deploy, file):
    ecs.script.append(completes)
    name = file("web")
    deploy(name)
    ecs.front.calls.clear()
    code, _, said = deploy(name)
    assert code == exits.YES
    assert ecs.front.sent(*SENDING) == []
    assert "web: it is so already; nothing is sent" in said


def test_nothing_to_send_is_no_success_where_the_deployment_failed_before(ecs, deploy):
    arn = ecs.registered()
    fails(ecs, ecs.serves(arn))
    code, _, said = deploy(arn)
    assert code == exits.NO
    assert "web: web:1 failed: ECS deployment circuit breaker" in said
    assert "--force-new-deployment tries the same again" in said


def test_forced_the_same_is_deployed_again(ecs, deploy):
    arn = ecs.registered()
    before = ecs.serves(arn)["deployments"][0]["id"]
    ecs.script.append(completes)
    code, result, _ = deploy(arn, "--force-new-deployment")
    assert code == exits.YES
    assert result["deployment"] != before
    assert ecs.front.sent("UpdateService") == [{"cluster": "c", "service": "web", "forceNewDeployment": True}]


def test_an_update_sends_only_what_differs(ecs, deploy):
    ecs.serves(ecs.registered())
    arn = ecs.registered()
    ecs.script.append(completes)
    deploy(arn, "--count", 3)
    (sent,) = ecs.front.sent("UpdateService")
    assert sent == {"cluster": "c", "service": "web", "taskDefinition": arn, "desiredCount": 3}


def test_a_service_made_by_others_gets_what_chips_need(ecs, deploy):
    ecs.instances[0]["attributes"].append({"name": "zone", "value": "a"})
    arn = ecs.registered()
    ecs.serves(
        arn,
        availabilityZoneRebalancing="ENABLED",
        deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200},
        placementConstraints=[{"type": "memberOf", "expression": "attribute:zone == a"}],
    )
    ecs.script.append(completes)
    code, _, _ = deploy(arn)
    (sent,) = ecs.front.sent("UpdateService")
    assert code == exits.YES
    assert sent["availabilityZoneRebalancing"] == "DISABLED"
    assert sent["deploymentConfiguration"]["maximumPercent"] == 100
    assert sent["deploymentConfiguration"]["minimumHealthyPercent"] == 0
    assert [item["type"] for item in sent["placementConstraints"]] == ["distinctInstance", "memberOf"]


def test_another_capacity_provider_forces_a_deployment_because_ecs_wants_it(ecs, deploy):
    arn = ecs.registered()
    ecs.serves(arn)
    ecs.script.append(completes)
    code, _, said = deploy(arn, "--capacity-provider", "neuron:2:1")
    assert code == exits.YES, said
    (sent,) = ecs.front.sent("UpdateService")
    assert sent["capacityProviderStrategy"] == [{"capacityProvider": "neuron", "weight": 2, "base": 1}]
    assert sent["forceNewDeployment"] is True


def test_new_tags_of_a_service_are_put_on_it_without_a_deployment(ecs, deploy):
    arn = ecs.registered()
    service = ecs.serves(arn)
    code, _, _ = deploy(arn, "--tag", "team=vision")
    assert code == exits.YES
    assert ecs.front.sent(*SENDING) == [
        {"resourceArn": service["serviceArn"], "tags": [{"key": "team", "value": "vision"}]}
    ]


def test_a_service_that_drains_is_waited_for_and_made_anew(ecs, deploy):
    arn = ecs.registered()
    ecs.serves(arn)["status"] = "DRAINING"
    ecs.begun = True
    ecs.script.extend([waits, waits, waits, waits, becomes("INACTIVE"), completes])
    code, _, said = deploy(arn)
    assert code == exits.YES
    assert "an older service of the name is DRAINING" in said
    assert len(ecs.front.sent("CreateService")) == 1


def test_a_service_that_drains_is_a_failure_where_nobody_waits(ecs, deploy):
    arn = ecs.registered()
    ecs.serves(arn)["status"] = "DRAINING"
    code, _, said = deploy(arn, "--no-wait")
    assert code == exits.NO
    assert "service web is DRAINING" in said


def test_a_service_that_was_deleted_is_made_anew(ecs, deploy):
    arn = ecs.registered()
    ecs.serves(arn)["status"] = "INACTIVE"
    ecs.script.append(completes)
    assert deploy(arn)[0] == exits.YES
    assert len(ecs.front.sent("CreateService")) == 1


@pytest.mark.parametrize(
    ("service", "words", "told"),
    [
        ({}, ["--daemon"], "service web is a REPLICA service, and ECS cannot change that"),
        (
            {"launchType": "EC2"},
            ["--launch-type", "EXTERNAL"],
            "service web has EC2, and ECS cannot change that",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "p", "weight": 1}]},
            ["--launch-type", "EC2"],
            "service web has a capacity provider strategy",
        ),
        (
            {"deploymentController": {"type": "CODE_DEPLOY"}},
            [],
            "service web is deployed by CODE_DEPLOY, not by ECS itself",
        ),
    ],
)
def test_what_ecs_cannot_change_is_told_before_anything_is_registered(
    ecs, deploy, file, service, words, told
):
    ecs.serves(ecs.registered(), **service)
    ecs.front.calls.clear()
    code, _, said = deploy(file("web", cpu="2048"), *words)
    assert code == exits.INPUT
    assert told in said
    assert ecs.front.sent(*SENDING) == []


def test_a_target_group_gets_the_only_port_and_the_patience_of_the_health_check(ecs, deploy):
    container = DEFINITION["containerDefinitions"][0]
    check = {"command": ["CMD", "true"], "startPeriod": 300, "interval": 20, "retries": 4}
    arn = ecs.registered(containerDefinitions=[{**container, "healthCheck": check}])
    ecs.script.append(completes)
    deploy(arn, "--target-group", GROUP)
    (sent,) = ecs.front.sent("CreateService")
    assert sent["loadBalancers"] == [
        {"targetGroupArn": GROUP, "containerName": "neuronserve", "containerPort": 8080}
    ]
    assert sent["healthCheckGracePeriodSeconds"] == 300 + 20 * 4


def test_a_dry_run_prints_the_request_that_creates_and_sends_nothing(ecs, deploy, file):
    code, result, said = deploy(file("web"), "--dry-run", "--tag", "a=b")
    assert code == exits.YES
    assert shapes.findings("ecs", "CreateService", result) == []
    assert (result["serviceName"], result["taskDefinition"], result["propagateTags"]) == (
        "web",
        "web",
        "SERVICE",
    )
    assert "would send CreateService" in said
    assert ecs.front.sent(*SENDING) == []


def test_a_dry_run_of_what_is_so_already_prints_nothing_to_send(ecs, deploy, file):
    ecs.script.append(completes)
    name = file("web")
    deploy(name)
    ecs.front.calls.clear()
    code, result, said = deploy(name, "--dry-run")
    assert (code, result) == (exits.YES, [])
    assert "would send" not in said
    assert ecs.front.sent(*SENDING) == []


def test_a_cluster_that_is_not_there_is_told(ecs, deploy):
    arn = ecs.registered()
    ecs.front.faults.append(
        Fault("DescribeServices", Refused("ClusterNotFoundException", "Cluster not found."))
    )
    code, _, said = deploy(arn)
    assert code == exits.NO
    assert "no cluster c in us-east-1" in said


def test_somebody_who_creates_it_in_the_same_moment_is_told(ecs, deploy):
    refused = Refused("InvalidParameterException", "Creation of service was not idempotent.")
    ecs.front.faults.append(Fault("CreateService", refused))
    code, _, said = deploy(ecs.registered())
    assert code == exits.NO
    assert "created by somebody else in this moment" in said
