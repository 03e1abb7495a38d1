from __future__ import annotations

import pytest

from neuronserve.deploy.ecs.rendering.spec import Logs
from neuronserve.deploy.policy import document, execution, images
from neuronserve.deploy.policy.task import Needs
from neuronserve.errors import InvalidInput
from tests.deploying.iam import may

HERE = "us-east-1:123456789012"
GROUP = f"arn:aws:logs:{HERE}:log-group:/ecs/digits"
SECRET = f"arn:aws:secretsmanager:{HERE}:secret:token"
KEY = f"arn:aws:kms:{HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def _policy(spec, place, **needs):
    return document.of(execution.statements(spec, Needs(**needs), place))


def test_an_image_is_pulled_from_its_repository_alone(spec, place):
    policy = _policy(spec(), place)
    for action in images.PULL:
        assert may(policy, action, f"arn:aws:ecr:{HERE}:repository/team/neuronserve")
        assert not may(policy, action, f"arn:aws:ecr:{HERE}:repository/team/other")
    assert may(policy, "ecr:GetAuthorizationToken", "*")


def test_an_image_of_another_account_is_pulled_from_there(spec, place):
    policy = _policy(
        spec(image="763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-inference-neuron:1"), place
    )
    arn = "arn:aws:ecr:us-west-2:763104351884:repository/tensorflow-inference-neuron"
    assert may(policy, "ecr:BatchGetImage", arn)


@pytest.mark.parametrize("image", ["public.ecr.aws/team/neuronserve:1", "ghcr.io/team/neuronserve"])
def test_an_image_from_elsewhere_takes_no_right(spec, place, image):
    assert _policy(spec(image=image, logs=Logs()), place)["Statement"] == []


def test_the_log_of_this_container_is_written_and_no_other(spec, place):
    policy = _policy(spec(), place)
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        assert may(policy, action, f"{GROUP}:log-stream:neuronserve/neuronserve/0123")
        assert not may(policy, action, f"{GROUP}:log-stream:other/other/0123")
    assert not may(policy, "logs:CreateLogGroup", GROUP)


def test_a_log_group_is_made_where_that_was_asked(spec, place):
    policy = _policy(spec(logs=Logs("/ecs/digits", "us-east-1", create_group=True)), place)
    assert may(policy, "logs:CreateLogGroup", GROUP)
    assert may(policy, "logs:CreateLogGroup", f"{GROUP}:log-stream:")


def test_a_log_in_another_region_is_written_there(spec, place):
    policy = _policy(spec(logs=Logs("/ecs/digits", "eu-west-1")), place)
    group = GROUP.replace("us-east-1", "eu-west-1")
    assert may(policy, "logs:PutLogEvents", f"{group}:log-stream:neuronserve/neuronserve/1")


@pytest.mark.parametrize(
    "source", [f"{SECRET}-AbCd12", f"{SECRET}-AbCd12:key::", f"{SECRET}-AbCd12:key:AWSCURRENT:", SECRET]
)
def test_a_secret_is_read_whatever_part_of_it_is_meant(spec, place, source):
    policy = _policy(spec(secrets={"TOKEN": source}), place)
    assert may(policy, "secretsmanager:GetSecretValue", f"{SECRET}-AbCd12")
    assert not may(policy, "secretsmanager:GetSecretValue", f"{SECRET}s-AbCd12")


@pytest.mark.parametrize("source", ["/team/token", "team/token", f"arn:aws:ssm:{HERE}:parameter/team/token"])
def test_a_parameter_is_read_by_name_or_arn(spec, place, source):
    policy = _policy(spec(secrets={"TOKEN": source}), place)
    assert may(policy, "ssm:GetParameters", f"arn:aws:ssm:{HERE}:parameter/team/token")
    assert not may(policy, "ssm:GetParameters", f"arn:aws:ssm:{HERE}:parameter/team/other")


@pytest.mark.parametrize(
    "source", ["arn:aws:s3:::a/b", "hunter2 !", f"arn:aws:secretsmanager:{HERE}:secret:"]
)
def test_what_is_no_secret_is_refused_and_never_shown(spec, place, source):
    with pytest.raises(InvalidInput, match="secret TOKEN") as caught:
        _policy(spec(secrets={"TOKEN": source}), place)
    assert source not in str(caught.value)


def test_secrets_with_a_key_of_ones_own_take_it(spec, place):
    policy = _policy(spec(secrets={"A": f"{SECRET}-AbCd12"}), place, secret_keys=(KEY,))
    assert may(policy, "kms:Decrypt", KEY, kms__ViaService="secretsmanager.us-east-1.amazonaws.com")
    assert not may(policy, "kms:Decrypt", KEY, kms__ViaService="ssm.us-east-1.amazonaws.com")


def test_a_key_for_no_secret_is_refused(spec, place):
    with pytest.raises(InvalidInput, match="--secret"):
        _policy(spec(), place, secret_keys=(KEY,))


def test_environment_files_are_read_from_their_bucket(spec, place):
    policy = _policy(spec(environment_files=("arn:aws:s3:::settings/prod.env",)), place)
    assert may(policy, "s3:GetObject", "arn:aws:s3:::settings/prod.env")
    assert may(policy, "s3:GetBucketLocation", "arn:aws:s3:::settings")
    assert not may(policy, "s3:GetObject", "arn:aws:s3:::settings/other.env")


def test_an_environment_file_that_is_no_object_is_refused(spec, place):
    with pytest.raises(InvalidInput, match="environment file"):
        _policy(spec(environment_files=("s3://settings/prod.env",)), place)
