"""What is true of every policy for SageMaker, whatever it is for."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator

import neuronserve.deploy as room
from neuronserve.deploy.neo import verbs as neo
from neuronserve.deploy.policy import document
from neuronserve.deploy.sagemaker import verbs
from neuronserve.deploy.sagemaker.policy import execution
from neuronserve.deploy.sagemaker.policy.rights import NO_RESOURCE, RIGHTS
from tests.deploying import awscalls
from tests.deploying.iam import listed
from tests.deploying.iamreference import exists, fits, has_resources

ROOM = Path(room.__file__).parent
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/neuronserve:1"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ENDPOINT = ("--endpoint", "Digits", "--image", IMAGE, "--execution-role", "serving")
KEYS = ("--model-kms-key", KEY, "--output-kms-key", "alias/out", "--volume-kms-key", KEY)
ASYNC = (
    "--async-input", "s3://requests/in", "--async-output", "s3://results/", "--async-failure", "s3://results/no",
    "--async-success-topic", "arn:aws:sns:us-east-1:123456789012:done",
)  # fmt: skip
NEO = ("--bucket", "models", "--compile-source", "s3://models/a.tar.gz", "--execution-role", "neo")
WORDS = {
    "archive": (*ENDPOINT, "--model-data", "s3://models/digits.tar.gz"),
    "prefix": (*ENDPOINT, "--model-data", "s3://models/all/", "--model-data", "s3://models/more/"),
    "access point": (
        *ENDPOINT, "--model-data", "s3://arn:aws:s3:us-east-1:123456789012:accesspoint/models/a/",
    ),
    "async": (*ENDPOINT, *ASYNC),
    "batch": (
        *ENDPOINT, "--transform-input", "s3://rows", "--transform-output", "s3://answers/out",
        "--transform-job", "nightly", "--model", "theirs",
    ),
    "compile": (*NEO, "--compilation-job", "digits-*"),
    "pack": ("--upload", "s3://models/packed/", "--source", "s3://models/old/"),
    "package": ("--package", "net", "--image", IMAGE, "--model-data", "s3://models/net.tar.gz"),
    "everything": (
        *ENDPOINT, *ASYNC, *NEO, *KEYS, "--model-data", "s3://models/a*b.tar.gz", "--capture", "s3://seen",
        "--alarm", "latency", "--subnet", "subnet-0123456789abcdef0", "--security-group", "sg-01234567",
        "--transform-input", "s3://rows/in/", "--transform-output", "s3://answers/",
        "--endpoint-config", "theirs", "--upload", "s3://models/packed/",
        "--source", "s3://models/old/", "--package", "net",
    ),
}  # fmt: skip
CASES = list(itertools.product(WORDS, ("us-east-1", "cn-north-1", "us-gov-west-1")))


def _statements(policies, name):
    return [
        (role, statement)
        for role, policy in policies(*WORDS[name]).items()
        for statement in policy["Statement"]
    ]


@pytest.mark.parametrize(("name", "region"), CASES)
def test_iam_takes_it(policies, name, region):
    for policy in policies(*WORDS[name], region=region).values():
        if policy["Statement"]:
            IAMPolicyDocumentValidator(json.dumps(policy)).validate()


@pytest.mark.parametrize(("name", "region"), CASES)
def test_iam_takes_the_trust_policy(wanted, name, region):
    trust = execution.trusting(wanted(*WORDS[name], region=region))
    IAMTrustPolicyDocumentValidator(json.dumps(trust)).validate()


@pytest.mark.parametrize("name", WORDS)
def test_every_action_is_one_that_aws_has_and_no_pattern(policies, name):
    for _, statement in _statements(policies, name):
        for action in listed(statement["Action"]):
            assert "*" not in action
            assert exists(action)


@pytest.mark.parametrize("name", WORDS)
def test_every_resource_is_named_where_iam_has_one(policies, name):
    for _, statement in _statements(policies, name):
        if "*" in listed(statement["Resource"]):
            assert set(listed(statement["Action"])) <= set(NO_RESOURCE)


@pytest.mark.parametrize("name", WORDS)
def test_every_action_is_on_a_resource_of_its_own_kind_and_no_resource_is_idle(policies, name):
    for role, statement in _statements(policies, name):
        actions, arns = listed(statement["Action"]), listed(statement["Resource"])
        if arns != ["*"]:
            told = role, statement["Sid"]
            assert [one for one in actions if not any(fits(one, arn) for arn in arns)] == [], told
            assert [arn for arn in arns if not any(fits(one, arn) for one in actions)] == [], told


@pytest.mark.parametrize("name", WORDS)
def test_sids_differ(policies, name):
    sids = [(role, statement["Sid"]) for role, statement in _statements(policies, name)]
    assert len(sids) == len(set(sids))


def test_there_is_a_reason_for_every_action_without_resources_and_it_is_true():
    assert {action for action in NO_RESOURCE if has_resources(action)} == {"cloudwatch:PutMetricData"}
    assert all(NO_RESOURCE.values())


def test_all_that_a_deployer_of_one_endpoint_does_fits_inline_and_each_verb_in_a_managed_policy(policies):
    whole = policies(*WORDS["archive"])["deployer"]
    assert document.size(whole) <= document.INLINE_LIMIT
    for row in RIGHTS:
        alone = policies(*WORDS["everything"], "--compilation-job", "digits-*", rows=row)["deployer"]
        assert document.size(alone) <= document.MANAGED_LIMIT


# The code, and what it calls.

GRANTED = {action for rights in RIGHTS.values() for actions in rights.values() for action in actions}
LISTS = {"s3:ListBucket"}  # of what is read, where it is several objects


def test_every_verb_has_its_rights():
    typed = {*verbs.SAGEMAKER, *(f"compile-model {verb}" for verb in neo.NEO), "package-model"}
    assert typed == {row.partition(" --")[0] for row in RIGHTS}


@pytest.mark.parametrize("action", sorted(GRANTED))
def test_an_action_is_one_that_aws_has(action):
    assert exists(action)


@pytest.mark.parametrize("folder", ["sagemaker", "neo", "packing"])
def test_every_call_in_the_code_has_its_right(folder):
    for file in sorted((ROOM / folder).rglob("*.py")):
        assert awscalls.actions(file.read_text()) <= GRANTED | LISTS, file.name
