"""scripts/task-definition verify against an AWS: what is there is OK, what is not is NG with its fix."""

from __future__ import annotations

import hashlib
import json

import pytest

from neuronserve.deploy import exits
from tests.deploying.verified import REPOSITORY, only

ACCOUNT = "123456789012"
INDEX = "application/vnd.oci.image.index.v1+json"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
MODEL = b"model" * 1000
DIGEST = hashlib.sha256(MODEL)


def environment(**variables):
    return {"environment": [{"name": name, "value": value} for name, value in variables.items()]}


def push(cloud, *architectures, tag="1", repository="served"):
    manifest = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [
            {"digest": f"sha256:{number:064}", "platform": {"os": "linux", "architecture": architecture}}
            for number, architecture in enumerate(architectures)
        ],
    }
    cloud.ecr.create_repository(repositoryName=repository)
    cloud.ecr.put_image(
        repositoryName=repository,
        imageManifest=json.dumps(manifest),
        imageTag=tag,
        imageManifestMediaType=INDEX,
    )


def test_an_image_for_the_instances_processor_is_ok(cloud, definition, verified):
    push(cloud, "arm64", "amd64", "unknown")
    code, found = verified(definition(), "--only", "image")
    verdict, seen, _ = only(found, "image")
    assert (code, verdict) == (exits.YES, "OK")
    assert seen.endswith("linux/amd64")


def test_an_image_for_another_processor_is_ng(cloud, definition, verified):
    push(cloud, "arm64", "unknown")
    code, found = verified(definition(), "--only", "image")
    assert code == exits.NO
    assert only(found, "image") == (
        "NG",
        "is for linux/arm64, not linux/amd64",
        "build it with --platform linux/amd64",
    )


@pytest.mark.parametrize(
    ("image", "seen"),
    [
        (f"{REPOSITORY}:2", "no image 2 in repository served"),
        (REPOSITORY, "no image latest in repository served"),
        (f"{REPOSITORY}@sha256:{'0' * 64}", f"no image sha256:{'0' * 64} in repository served"),
        (REPOSITORY.replace("served", "gone"), f"no repository gone in us-east-1 of account {ACCOUNT}"),
        (
            REPOSITORY.replace("us-east-1", "eu-west-1"),
            f"no repository served in eu-west-1 of account {ACCOUNT}",
        ),
    ],
)
def test_an_image_that_is_not_there_is_ng(cloud, definition, verified, image, seen):
    push(cloud, "amd64")
    code, found = verified(definition({"image": image}), "--only", "image")
    assert (code, only(found, "image")[:2]) == (exits.NO, ("NG", seen))


def test_images_elsewhere_are_skipped(cloud, definition, verified):
    code, found = verified(definition({"image": "public.ecr.aws/x/served:1"}), "--only", "image")
    assert (code, only(found, "image")[0]) == (exits.YES, "SKIP")


def test_roles_that_ecs_may_assume_are_ok_others_are_ng(cloud, definition, verified):
    good = cloud.iam.create_role(RoleName="good", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    lambdas = json.dumps(TRUST).replace("ecs-tasks", "lambda")
    bad = cloud.iam.create_role(RoleName="bad", AssumeRolePolicyDocument=lambdas)["Role"]["Arn"]
    code, found = verified(definition(executionRoleArn=good, taskRoleArn=bad), "--only", "roles")
    assert code == exits.NO
    assert [(item["verdict"], item["seen"]) for item in found["roles"]] == [
        ("OK", "ecs-tasks.amazonaws.com may assume it"),
        ("NG", "its trust policy does not let ecs-tasks.amazonaws.com assume it"),
    ]


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, "OK"),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:*"}}, "OK"),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:ecs:*:{ACCOUNT}:*"}}, "OK"),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:task/c/*"}}, "SKIP"),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:*"}}, "NG"),
        ({"StringEquals": {"aws:SourceAccount": "210987654321"}}, "NG"),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, "SKIP"),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "SKIP"),
    ],
)
def test_conditions_of_a_trust_policy_are_looked_at_or_skipped(
    cloud, definition, verified, condition, verdict
):
    trust = json.loads(json.dumps(TRUST))
    for statement in trust["Statement"]:
        statement["Condition"] = condition
    role = cloud.iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    _, found = verified(definition(executionRoleArn=role, taskRoleArn=role), "--only", "roles")
    assert [item["verdict"] for item in found["roles"]] == [verdict]


def test_a_role_that_is_not_there_is_ng(cloud, definition, verified):
    code, found = verified(definition(taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/gone"), "--only", "roles")
    assert code == exits.NO
    assert [item["seen"] for item in found["roles"] if item["verdict"] == "NG"] == ["no such role"]


def test_what_aws_does_not_answer_is_skipped_with_its_reason(cloud, definition, verified):
    """Moto has no policy simulator."""
    role = cloud.iam.create_role(RoleName="good", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    code, found = verified(definition(executionRoleArn=role), "--only", "permissions")
    assert code == exits.YES
    assert {item["verdict"] for item in found["permissions"]} == {"SKIP"}
    assert {item["seen"] for item in found["permissions"]} == {"the answer is none of AWS's"}


def logging(**options):
    return {"logConfiguration": {"logDriver": "awslogs", "options": options}}


def test_a_log_group_is_there_or_made_or_missed(cloud, definition, verified):
    cloud.logs.create_log_group(logGroupName="/served")
    cloud.logs.create_log_group(logGroupName="/served-too")
    there = {"awslogs-group": "/served", "awslogs-region": "us-east-1"}
    assert only(verified(definition(logging(**there)), "--only", "log-group")[1], "log-group")[:2] == (
        "OK",
        "is in us-east-1, kept for ever",
    )
    made = {"awslogs-group": "/serve", "awslogs-create-group": "true"}
    assert only(verified(definition(logging(**made)), "--only", "log-group")[1], "log-group")[0] == "OK"
    for missed in ({"awslogs-group": "/serve"}, {**there, "awslogs-region": "eu-west-1"}, {}):
        code, found = verified(definition(logging(**missed)), "--only", "log-group")
        assert (code, only(found, "log-group")[0]) == (exits.NO, "NG")


def test_secrets_are_looked_for_and_never_shown(cloud, definition, verified, desk):
    manager = cloud.secretsmanager
    secret = manager.create_secret(Name="token", SecretString='{"user": "very-secret", "port": 5432}')
    arn, first = secret["ARN"], secret["VersionId"]
    second = manager.put_secret_value(SecretId=arn, SecretString='{"user": "very-secret", "new": ""}')[
        "VersionId"
    ]
    plain = manager.create_secret(Name="text", SecretString="very-secret")["ARN"]
    binary = manager.create_secret(Name="binary", SecretBinary=b"very-secret")["ARN"]
    empty = manager.create_secret(Name="empty")["ARN"]
    cloud.ssm.put_parameter(Name="/served/key", Value="very-secret", Type="SecureString")
    cloud.ssm.put_parameter(Name="plain", Value="very-secret", Type="String")
    parameter = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter"
    right = {
        "whole": arn,
        "whole text": plain,
        "key": f"{arn}:user::",
        "number": f"{arn}:port:AWSPREVIOUS:",
        "stage": f"{arn}::AWSCURRENT:",
        "stage and key": f"{arn}:new:AWSCURRENT:",
        "older stage": f"{arn}:user:AWSPREVIOUS:",
        "id": f"{arn}:::{first}",
        "id and key": f"{arn}:port::{first}",
        "id and stage": f"{arn}:new:AWSCURRENT:{second}",
        "parameter": "/served/key",
        "parameter's ARN": f"{parameter}/served/key",
        "plain parameter's ARN": f"{parameter}/plain",
        "parameter's version": "/served/key:1",
    }
    wrong = {
        "no such key": f"{arn}:password::",
        "another case": f"{arn}:User::",
        "key of the other version": f"{arn}:new:AWSPREVIOUS:",
        "key of the other id": f"{arn}:port::{second}",
        "key of a text": f"{plain}:user::",
        "key of bytes": f"{binary}:user::",
        "no such stage": f"{plain}::AWSPREVIOUS:",
        "no such stage for a key": f"{arn}:user:BLUE:",
        "no such id": f"{arn}:::{'0' * 36}",
        "id of another stage": f"{arn}::AWSCURRENT:{first}",
        "no value": empty,
        "too many parts": f"{arn}:user:AWSCURRENT::more",
        "no such secret": arn.replace("token", "gone"),
        "no such parameter": f"{parameter}/gone",
        "another region": f"{parameter.replace('us-east-1', 'eu-west-1')}/plain",
        "secret of another region": arn.replace("us-east-1", "eu-west-1"),
        "no such version": "/served/key:7",
    }
    secrets = {
        "secrets": [{"name": name, "valueFrom": source} for name, source in {**right, **wrong}.items()]
    }
    code, found = verified(definition(secrets), "--only", "secrets")
    assert code == exits.NO
    assert {item["subject"]: item["verdict"] for item in found["secrets"]} == {
        **dict.fromkeys(right, "OK"),
        **dict.fromkeys(wrong, "NG"),
    }
    assert "very-secret" not in desk.out.getvalue() + desk.err.getvalue()


def test_secrets_without_an_execution_role_are_ng(cloud, definition, verified):
    secrets = {"secrets": [{"name": "A", "valueFrom": "plain"}]}
    _, found = verified(definition(secrets), "--only", "roles")
    assert found["roles"][0]["seen"] == "none, and the agent needs one to read the secrets"


@pytest.fixture
def bucket(cloud):
    cloud.s3.create_bucket(Bucket="models")
    cloud.s3.put_object(
        Bucket="models",
        Key="a/model.tar.gz",
        Body=MODEL,
        ChecksumAlgorithm="SHA256",
    )
    cloud.s3.put_object(Bucket="models", Key="a/empty", Body=b"")
    cloud.s3.put_object(Bucket="models", Key="frozen", Body=b"x", StorageClass="GLACIER")
    cloud.s3.put_object(Bucket="models", Key="cold/a", Body=b"x")
    cloud.s3.put_object(Bucket="models", Key="cold/b", Body=b"x", StorageClass="GLACIER")


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("variables", "verdict", "seen"),
    [
        ({"MODEL_URI": "s3://models/a/model.tar.gz"}, "OK", "0.0 MB"),
        ({"MODEL_URI": "s3://models/a/"}, "OK", "1 objects, 0.0 MB"),
        (
            {"MODEL_URI": "s3://models/a/model.tar.gz", "MODEL_DIGEST": f"sha256:{DIGEST.hexdigest()}"},
            "OK",
            "0.0 MB",
        ),
        (
            {"MODEL_URI": "s3://models/a/model.tar.gz", "MODEL_DIGEST": f"sha256:{'0' * 64}"},
            "NG",
            f"its SHA-256 is {DIGEST.hexdigest()}, and MODEL_DIGEST says {'0' * 64}",
        ),
        (
            {"MODEL_URI": "s3://models/a/model.tar.gz", "MODEL_DIGEST": f"blake2b:{'0' * 64}"},
            "SKIP",
            "is there (0.0 MB); MODEL_DIGEST was not compared: S3 has no such checksum of it",
        ),
        (
            {"MODEL_URI": "s3://models/a/", "MODEL_DIGEST": f"sha256:{'0' * 64}"},
            "SKIP",
            "is there (1 objects, 0.0 MB); MODEL_DIGEST was not compared: it is that of many objects",
        ),
        ({"MODEL_URI": "s3://models/cold/"}, "NG", "the storage class of cold/b is GLACIER"),
        ({"MODEL_URI": "s3://models/a/empty"}, "NG", "the object is empty"),
        ({"MODEL_URI": "s3://models/frozen"}, "NG", "its storage class is GLACIER"),
        ({"MODEL_URI": "s3://models/gone"}, "NG", "no such object"),
        ({"MODEL_URI": "s3://models/gone/"}, "NG", "nothing is below it"),
        ({"MODEL_URI": "s3://gone/a/"}, "NG", "no such bucket"),
        ({"MODEL_URI": "s3://models"}, "NG", "'s3://models' names a bucket but no object"),
        ({"MODEL_URI": "/opt/model"}, "SKIP", "a path inside the container"),
        ({}, "SKIP", "no MODEL_URI: it is in the image"),
        ({"COMPILATION_JOB": "job"}, "SKIP", "COMPILATION_JOB says where it is, when the container starts"),
    ],
)
def test_a_model_is_looked_for(definition, verified, variables, verdict, seen):
    code, found = verified(definition(environment(**variables)), "--only", "model")
    assert only(found, "model")[:2] == (verdict, seen)
    assert code == (exits.NO if verdict == "NG" else exits.YES)


def test_the_neuron_ami_is_looked_for(cloud, definition, verified):
    _, found = verified(definition(), "--only", "ami")
    assert found["ami"][0]["verdict"] == "OK"
    assert found["ami"][0]["seen"].startswith("ami-")


def test_managed_instances_bring_their_own_ami(cloud, definition, verified):
    code, found = verified(definition(requiresCompatibilities=["MANAGED_INSTANCES"]), "--only", "ami")
    assert (code, only(found, "ami")[0]) == (exits.YES, "SKIP")


def test_a_type_is_offered_in_the_region_or_not(desk, definition, verified):
    assert only(verified(definition(), "--only", "instance-type")[1], "instance-type")[0] == "OK"
    code, found = verified(definition(), "--only", "instance-type", "--region", "ap-southeast-4")
    assert (code, only(found, "instance-type")[:2]) == (exits.NO, ("NG", "not offered in ap-southeast-4"))
