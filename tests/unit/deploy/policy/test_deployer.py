from __future__ import annotations

import dataclasses

import pytest

from neuronserve.deploy.policy import deployer, document
from neuronserve.deploy.policy.deployer import Reach
from neuronserve.deploy.policy.rights import RIGHTS
from neuronserve.deploy.policy.task import Needs
from neuronserve.errors import InvalidInput
from tests.deploying.iam import may

HERE = "us-east-1:123456789012"
CLUSTER = f"arn:aws:ecs:{HERE}:cluster/neuron"
SERVICE = f"arn:aws:ecs:{HERE}:service/neuron/digits"
FAMILY = f"arn:aws:ecs:{HERE}:task-definition/digits:7"
ROLE = "arn:aws:iam::123456789012:role/digits-task"


@pytest.fixture
def reach(spec, place):
    return Reach(
        spec(task_role=ROLE, execution_role="digits-execution", model_uri="s3://models/digits.tar.gz"),
        place,
        "neuron",
        ("digits",),
        ("digits",),
    )


def _policy(reach, *verbs):
    return document.of(deployer.statements(reach, verbs or tuple(RIGHTS)))


def test_tasks_of_the_family_may_be_run_in_the_cluster_alone(reach):
    policy = _policy(reach, "run-task")
    assert may(policy, "ecs:RunTask", FAMILY, ecs__cluster=CLUSTER)
    assert not may(policy, "ecs:RunTask", FAMILY, ecs__cluster=CLUSTER.replace("neuron", "other"))
    assert not may(policy, "ecs:RunTask", FAMILY.replace("digits", "others"), ecs__cluster=CLUSTER)


def test_roles_may_be_passed_to_tasks_alone(reach):
    policy = _policy(reach, "register")
    for role in (ROLE, "arn:aws:iam::123456789012:role/digits-execution"):
        assert may(policy, "iam:PassRole", role, iam__PassedToService="ecs-tasks.amazonaws.com")
        assert not may(policy, "iam:PassRole", role, iam__PassedToService="ec2.amazonaws.com")
        assert not may(policy, "iam:PassRole", role)
    assert not may(
        policy,
        "iam:PassRole",
        "arn:aws:iam::123456789012:role/admin",
        iam__PassedToService="ecs-tasks.amazonaws.com",
    )


def test_a_service_is_the_one_that_was_named(reach):
    policy = _policy(reach, "deploy-service")
    assert may(policy, "ecs:UpdateService", SERVICE)
    assert not may(policy, "ecs:UpdateService", SERVICE + "2")
    assert not may(policy, "ecs:UpdateService", SERVICE.replace("/neuron/", "/other/"))


def test_the_amis_parameter_is_a_public_one(reach):
    name = "aws/service/ecs/optimized-ami/amazon-linux-2023/neuron/recommended/image_id"
    assert may(_policy(reach, "ami"), "ssm:GetParameters", f"arn:aws:ssm:us-east-1::parameter/{name}")


def test_a_verb_brings_its_own_rights_alone(reach):
    policy = _policy(reach, "status", "logs")
    assert not may(policy, "ecs:StopTask", f"arn:aws:ecs:{HERE}:task/neuron/1")
    assert not may(policy, "ecs:RunTask", FAMILY, ecs__cluster=CLUSTER)
    assert may(policy, "ecs:DescribeTasks", f"arn:aws:ecs:{HERE}:task/neuron/1")


def test_services_are_listed_in_the_cluster_alone(reach):
    policy = _policy(reach, "status")
    assert may(policy, "ecs:ListServices", "*", ecs__cluster=CLUSTER)
    assert not may(policy, "ecs:ListServices", "*", ecs__cluster=CLUSTER + "2")


def test_scaling_is_for_ecs_services_alone(reach):
    policy = _policy(reach, "scale")
    target = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/0ec"
    keys = {
        "application-autoscaling__service-namespace": "ecs",
        "application-autoscaling__scalable-dimension": "ecs:service:DesiredCount",
    }
    assert may(policy, "application-autoscaling:PutScalingPolicy", target, **keys)
    assert not may(policy, "application-autoscaling:PutScalingPolicy", target)


def test_the_values_of_secrets_are_read_only_where_a_json_key_is_named(reach):
    other = f"arn:aws:secretsmanager:{HERE}:secret:other-AbCd12"
    secrets = {
        "OTHER": f"{other}:user::",
        "WHOLE": f"arn:aws:secretsmanager:{HERE}:secret:token-AbCd12::AWSCURRENT:",
    }
    policy = _policy(dataclasses.replace(reach, spec=dataclasses.replace(reach.spec, secrets=secrets)))
    assert may(policy, "secretsmanager:GetSecretValue", other)
    secret = f"arn:aws:secretsmanager:{HERE}:secret:token-AbCd12"
    told = dataclasses.replace(reach, spec=dataclasses.replace(reach.spec, secrets={"TOKEN": secret}))
    policy = _policy(told)
    assert may(policy, "secretsmanager:DescribeSecret", secret)
    assert not may(policy, "secretsmanager:GetSecretValue", secret)


def test_the_model_is_looked_at_by_those_who_render_and_verify(reach):
    for verb in ("render", "verify"):
        assert may(_policy(reach, verb), "s3:GetObject", "arn:aws:s3:::models/digits.tar.gz")
    assert _policy(reach, "validate")["Statement"] == []


def test_a_model_with_a_key_is_decrypted_through_s3(reach):
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    policy = _policy(dataclasses.replace(reach, needs=Needs(model_keys=(key,))), "verify")
    assert may(policy, "kms:Decrypt", key, kms__ViaService="s3.us-east-1.amazonaws.com")
    assert not may(policy, "kms:Decrypt", key, kms__ViaService="ssm.us-east-1.amazonaws.com")


def test_what_was_deployed_is_looked_up_by_service_and_by_revision(reach):
    policy = _policy(reach, "deploy-service")
    assert may(policy, "ecs:ListServiceDeployments", SERVICE)
    for arn in (SERVICE, SERVICE.replace(":service/", ":service-revision/") + "/1234567890"):
        assert may(policy, "ecs:DescribeServiceRevisions", arn)
        assert not may(policy, "ecs:DescribeServiceRevisions", arn.replace("digits", "other"))


def test_alarms_are_found_among_all_and_changed_among_the_services_own(reach):
    policy = _policy(reach, "scale")
    alarms = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
    assert may(policy, "cloudwatch:DescribeAlarms", f"{alarms}*")
    own = f"{alarms}TargetTracking-service/neuron/digits-AlarmHigh-1"
    assert may(policy, "cloudwatch:PutMetricAlarm", own)
    assert not may(policy, "cloudwatch:PutMetricAlarm", f"{alarms}disk-full")


def test_no_roles_no_passing(reach):
    bare = dataclasses.replace(reach.spec, task_role=None, execution_role=None)
    assert "iam:PassRole" not in str(_policy(dataclasses.replace(reach, spec=bare), "register"))


def test_a_verb_that_is_none_is_refused_with_those_there_are(reach):
    with pytest.raises(InvalidInput, match=r"no verb 'deploy'.*deploy-service"):
        _policy(reach, "deploy")


@pytest.mark.parametrize("role", ["arn:aws:iam::123456789012:user/me", "a role", "arn:aws:s3:::x"])
def test_a_role_that_is_none_is_refused(place, role):
    with pytest.raises(InvalidInput, match="role"):
        deployer.role(role, place)
