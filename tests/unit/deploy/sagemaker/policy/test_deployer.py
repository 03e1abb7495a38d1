from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.policy import place as places
from neuronserve.deploy.sagemaker.plan import names
from neuronserve.deploy.sagemaker.policy.wanted import Wanted
from tests.deploying.ask import ACCOUNT
from tests.deploying.iam import may

HERE = "arn:aws:sagemaker:us-east-1:123456789012:"
ROLE = "arn:aws:iam::123456789012:role/serving"
NAMED = ("--endpoint", "digits", "--execution-role", "serving")
MODEL = f"{HERE}model/digits-0123456789"


def test_models_and_configurations_are_those_whose_names_follow_from_the_endpoints(deployer):
    policy = deployer("deploy", *NAMED)
    assert may(policy, "sagemaker:CreateModel", MODEL)
    for other in ("digits-blue-0123456789", "digits", "digits-01234567890"):
        assert not may(policy, "sagemaker:CreateModel", f"{HERE}model/{other}")
        assert not may(policy, "sagemaker:CreateEndpointConfig", f"{HERE}endpoint-config/{other}")
    assert not may(policy, "sagemaker:DeleteModel", MODEL)


def test_others_models_are_deleted_only_where_they_were_named(deployer):
    assert not may(deployer("delete", *NAMED), "sagemaker:DeleteModel", f"{HERE}model/theirs")
    policy = deployer("delete", *NAMED, "--model", "theirs", "--endpoint-config", "theirs")
    assert may(policy, "sagemaker:DeleteModel", f"{HERE}model/theirs")
    assert may(policy, "sagemaker:DeleteEndpointConfig", f"{HERE}endpoint-config/theirs")


def test_the_role_is_passed_to_sagemaker_alone(deployer):
    policy = deployer("deploy", *NAMED)
    assert may(policy, "iam:PassRole", ROLE, iam__PassedToService="sagemaker.amazonaws.com")
    assert not may(policy, "iam:PassRole", ROLE, iam__PassedToService="ecs-tasks.amazonaws.com")
    assert not may(policy, "iam:PassRole", ROLE)
    assert not may(policy, "iam:PassRole", ROLE + "2", iam__PassedToService="sagemaker.amazonaws.com")


def test_scaling_is_for_variants_of_endpoints_alone(deployer):
    policy = deployer("autoscale", *NAMED)
    target = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/0ec"
    keys = {
        "application-autoscaling__service-namespace": "sagemaker",
        "application-autoscaling__scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
    }
    action = "application-autoscaling:RegisterScalableTarget"
    assert may(policy, action, target, **keys)
    assert not may(policy, action, target, **{**keys, "application-autoscaling__service-namespace": "ecs"})
    assert may(policy, "sagemaker:UpdateEndpointWeightsAndCapacities", f"{HERE}endpoint/digits")


def test_volumes_keys_are_lent_through_sagemaker(deployer):
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    policy = deployer("deploy", *NAMED, "--volume-kms-key", key)
    grant = {"kms__GrantIsForAWSResource": "true"}
    assert may(policy, "kms:CreateGrant", key, kms__ViaService="sagemaker.us-east-1.amazonaws.com", **grant)
    assert not may(policy, "kms:CreateGrant", key, kms__ViaService="ec2.us-east-1.amazonaws.com", **grant)


def test_uploads_are_encrypted_and_results_are_only_decrypted(deployer):
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    s3 = "s3.us-east-1.amazonaws.com"
    packing = deployer("package-model", "--upload", "s3://models/", "--output-kms-key", key)
    assert may(packing, "kms:GenerateDataKey", key, kms__ViaService=s3)
    asking = deployer("invoke", *NAMED, "--async-output", "s3://results/", "--output-kms-key", key)
    assert may(asking, "kms:Decrypt", key, kms__ViaService=s3)
    assert not may(asking, "kms:GenerateDataKey", key, kms__ViaService=s3)


def test_compilation_jobs_are_those_that_were_named_or_all(deployer):
    create, job = "sagemaker:CreateCompilationJob", f"{HERE}compilation-job/resnet-ml-inf1-0123456789"
    words = ("--bucket", "models", "--execution-role", "neo")
    assert may(deployer("compile-model run", *words), create, job)
    assert may(deployer("compile-model run", *words, "--compilation-job", "resnet-*"), create, job)
    assert not may(deployer("compile-model run", *words, "--compilation-job", "digits-*"), create, job)


@pytest.mark.parametrize("row", ["status", "compile-model describe", "compile-model list", "invoke"])
def test_who_only_looks_changes_nothing(deployer, row):
    policy = str(deployer(row, *NAMED, "--bucket", "models"))
    assert not any(word in policy for word in ("Create", "Delete", "Update", "Put", "AddTags", "PassRole"))


NAMES = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,62}", fullmatch=True).filter(
    lambda name: len(name) <= 63
)


@given(NAMES, st.dictionaries(st.text(max_size=3), st.integers(), max_size=2))
def test_whatever_the_endpoint_is_called_its_models_and_its_transform_jobs_are_in_the_patterns(name, content):
    wanted = Wanted(places.of("us-east-1", ACCOUNT), endpoints=(name,))
    model = names.derived(name, content)
    job = names.derived(model, content)
    for kind, made, arns in (
        ("model", model, wanted.model_arns()), ("transform-job", job, wanted.transform_arns()),
    ):  # fmt: skip
        document = {"Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": [*arns]}]}
        for spelling in (made, made.lower()):
            assert may(document, "a:b", f"{HERE}{kind}/{spelling}")
