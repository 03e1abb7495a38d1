"""What is true of every policy, whatever it is for."""

from __future__ import annotations

import itertools
import json

import pytest
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator

from neuronserve.deploy.ecs.rendering.spec import Logs
from neuronserve.deploy.policy import document, program
from neuronserve.deploy.policy import place as places
from neuronserve.deploy.policy.deployer import Reach
from neuronserve.deploy.policy.rights import NO_RESOURCE, RIGHTS
from neuronserve.deploy.policy.task import Needs
from tests.deploying.iam import listed
from tests.deploying.iamreference import exists, fits, has_resources

HERE = "us-east-1:123456789012"
SPECS = {
    "plain": {},
    "object": {"model_uri": "s3://models/resnet.tar.gz"},
    "prefix": {"model_uri": "s3://models/resnet/"},
    "access point": {"model_uri": "s3://arn:aws:s3:us-east-1:123456789012:accesspoint/models/a.tar.gz"},
    "directory bucket": {"model_uri": "s3://models--use1-az4--x-s3/a/"},
    "job": {"compilation_job": "digits-1"},
    "everything": {
        "model_uri": "s3://models/a*b.tar.gz",
        "task_role": "arn:aws:iam::123456789012:role/team/digits-task",
        "execution_role": "digits-execution",
        "secrets": {"A": f"arn:aws:secretsmanager:{HERE}:secret:a-AbCd12:key::", "B": "/team/b"},
        "environment_files": ("arn:aws:s3:::settings/prod.env",),
        "logs": Logs("/ecs/digits", "eu-west-1", create_group=True),
    },
    "no logs": {"logs": Logs(), "image": "public.ecr.aws/team/neuronserve:1"},
}
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


def _policies(spec, region, name):
    needs = Needs(
        model_keys=(KEY, "alias/models"),
        secret_keys=(KEY,) if "secrets" in SPECS[name] else (),
        artifact_uri="s3://models/a",
        exec=True,
    )
    place = places.of(region, "123456789012")
    reach = Reach(spec(**SPECS[name]), place, "neuron", ("digits",), ("digits", "digits-canary"), needs)
    return program.policies(reach, program.ROLES, tuple(RIGHTS))


CASES = list(itertools.product(SPECS, ("us-east-1", "cn-north-1", "us-gov-west-1")))


@pytest.mark.parametrize(("name", "region"), CASES)
def test_iam_takes_it(spec, name, region):
    for policy in _policies(spec, region, name).values():
        if policy["Statement"]:
            IAMPolicyDocumentValidator(json.dumps(policy)).validate()


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1"])
def test_iam_takes_the_trust_policies(region):
    trusts = program.trusts(program.ROLES, places.of(region, "123456789012"))
    assert set(trusts) == {"task", "execution", "instance"}
    for trust in trusts.values():
        IAMTrustPolicyDocumentValidator(json.dumps(trust)).validate()
        assert document.size(trust) <= document.TRUST_LIMIT


@pytest.mark.parametrize("name", SPECS)
def test_every_action_is_one_that_aws_has_and_no_pattern(spec, name):
    for policy in _policies(spec, "us-east-1", name).values():
        for statement in policy["Statement"]:
            for action in listed(statement["Action"]):
                assert "*" not in action
                assert exists(action)


@pytest.mark.parametrize("name", SPECS)
def test_every_resource_is_named_where_iam_has_one(spec, name):
    for policy in _policies(spec, "us-east-1", name).values():
        for statement in policy["Statement"]:
            if "*" in listed(statement["Resource"]):
                assert set(listed(statement["Action"])) <= set(NO_RESOURCE)


@pytest.mark.parametrize("name", SPECS)
def test_every_action_is_on_a_resource_of_its_own_kind_and_no_resource_is_idle(spec, name):
    for role, policy in _policies(spec, "us-east-1", name).items():
        for statement in policy["Statement"]:
            actions, arns = listed(statement["Action"]), listed(statement["Resource"])
            if arns != ["*"]:
                told = role, statement["Sid"]
                assert [one for one in actions if not any(fits(one, arn) for arn in arns)] == [], told
                assert [arn for arn in arns if not any(fits(one, arn) for one in actions)] == [], told


def test_there_is_a_reason_for_every_action_without_resources_and_it_is_true():
    assert {action for action in NO_RESOURCE if has_resources(action)} == {"ecs:ListTasks"}
    assert all(NO_RESOURCE.values())


@pytest.mark.parametrize("name", SPECS)
def test_sids_differ(spec, name):
    for policy in _policies(spec, "us-east-1", name).values():
        sids = [one["Sid"] for one in policy["Statement"]]
        assert len(sids) == len(set(sids))


def test_the_whole_deployer_fits_inline_and_each_verb_in_a_managed_policy(spec, place):
    reach = Reach(spec(**SPECS["everything"]), place, "neuron", ("digits",), ("digits",))
    assert (
        document.size(program.policies(reach, ("deployer",), tuple(RIGHTS))["deployer"])
        <= document.INLINE_LIMIT
    )
    for verb in RIGHTS:
        alone = program.policies(reach, ("deployer",), (verb,))["deployer"]
        assert document.size(alone) <= document.MANAGED_LIMIT


def test_tasks_of_other_accounts_cannot_take_on_the_roles(place):
    trust = program.trusts(("task",), place)["task"]["Statement"][0]
    assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    assert trust["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:ecs:us-east-1:123456789012:*"}
