"""Roles may do what the task needs, by the policy simulator."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from neuronserve.deploy.ecs.verification import model, permissions
from neuronserve.deploy.ecs.verification.case import Case
from tests.unit.deploy.ecs.verification.aws import Simulator, error

ACCOUNT = "123456789012"
EXECUTION = f"arn:aws:iam::{ACCOUNT}:role/execution"
TASK = f"arn:aws:iam::{ACCOUNT}:role/task"
REPOSITORY = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/served"
GROUP = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/served"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:token-AbCdEf"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0000"
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def case(iam, uri="s3://models/m.tar.gz", s3=None, **changes):
    container = {
        "name": "web",
        "image": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/served:1",
        "environment": [{"name": "MODEL_URI", "value": uri}],
        "secrets": [{"name": "A", "valueFrom": f"{SECRET}:key::"}, {"name": "B", "valueFrom": "/b"}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/served",
                "awslogs-region": "eu-west-1",
                "awslogs-stream-prefix": "served",
                "awslogs-create-group": "true",
            },
        },
    }
    request = {
        "executionRoleArn": EXECUTION,
        "taskRoleArn": TASK,
        "containerDefinitions": [container],
        **changes,
    }
    s3 = s3 or SimpleNamespace(head_object=lambda **_: {})
    return Case(SimpleNamespace(iam=iam, s3=s3, region="us-east-1"), request)


NEEDED = {
    ("ecr:GetAuthorizationToken", "*"),
    *((action, REPOSITORY) for action in PULL),
    ("logs:CreateLogStream", f"{GROUP}:log-stream:served/web/0"),
    ("logs:PutLogEvents", f"{GROUP}:log-stream:served/web/0"),
    ("logs:CreateLogGroup", GROUP),
    ("secretsmanager:GetSecretValue", SECRET),
    ("ssm:GetParameters", f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/b"),
}


def test_an_execution_role_with_exactly_what_is_needed_is_ok():
    found = list(permissions.check(case(Simulator(*NEEDED))))
    assert {item.verdict for item in found} == {"OK"}
    assert len(found) == 6


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_each_right_that_it_lacks_is_ng(missing):
    found = list(permissions.check(case(Simulator(*NEEDED - {missing}))))
    (bad,) = [item for item in found if item.verdict == "NG"]
    assert bad.seen == f"{EXECUTION} is denied {missing[0]} (implicitDeny) on {missing[1]}"


def test_a_role_by_its_name_is_asked_about_all_the_same():
    iam = Simulator(*NEEDED)
    iam.get_role = lambda **_: {"Role": {"Arn": EXECUTION}}
    found = list(permissions.check(case(iam, executionRoleArn="execution")))
    assert {item.verdict for item in found} == {"OK"}
    assert len(found) == 6


def test_a_name_that_cannot_be_looked_up_is_a_skip_with_its_reason():
    def refused(**_):
        raise error("AccessDenied", "GetRole")

    iam = Simulator(*NEEDED)
    iam.get_role = refused
    found = list(permissions.check(case(iam, executionRoleArn="execution")))
    assert {item.verdict for item in found} == {"SKIP"}
    assert "GetRole: AccessDenied" in found[0].seen


def test_environment_files_have_to_be_readable_too():
    file = "arn:aws:s3:::settings/prod.env"
    container = {"name": "web", "environmentFiles": [{"value": file, "type": "s3"}]}
    rights = {("s3:GetObject", file), ("s3:GetBucketLocation", "arn:aws:s3:::settings")}
    for missing in rights:
        found = list(
            permissions.check(case(Simulator(*rights - {missing}), containerDefinitions=[container]))
        )
        assert [item.seen for item in found if item.verdict == "NG"] == [
            f"{EXECUTION} is denied {missing[0]} (implicitDeny) on {missing[1]}"
        ]
    assert {
        item.verdict for item in permissions.check(case(Simulator(*rights), containerDefinitions=[container]))
    } == {"OK"}


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")]
)
def test_arns_are_those_of_the_regions_partition(region, partition):
    iam = Simulator()
    asked = case(iam)
    asked.aws.region = region
    image = f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/served:1"
    asked.request["containerDefinitions"][0]["image"] = image
    list(model.access(asked))
    assert iam.asked[-1]["ResourceArns"] == [f"arn:{partition}:s3:::models/m.tar.gz"]
    list(permissions.check(asked))
    assert f"arn:{partition}:ecr:{region}:{ACCOUNT}:repository/served" in str(iam.asked)


def test_a_simulator_that_may_not_be_asked_is_a_skip():
    found = list(permissions.check(case(Simulator(fails="AccessDenied"))))
    assert {item.verdict for item in found} == {"SKIP"}
    assert "SimulatePrincipalPolicy: AccessDenied" in found[0].seen


def test_unknown_credentials_are_an_error_and_no_skip():
    with pytest.raises(ClientError):
        list(permissions.check(case(Simulator(fails="InvalidClientTokenId"))))


READ = {
    ("s3:GetObject", "arn:aws:s3:::models/m.tar.gz"),
    ("s3:GetObjectVersion", "arn:aws:s3:::models/m.tar.gz"),
}


def test_a_task_role_that_may_read_the_model_is_ok():
    (item,) = model.access(case(Simulator(*READ)))
    assert (item.verdict, item.seen) == ("OK", f"{TASK} may read it, by its own policies")


def test_a_task_role_that_may_not_is_ng():
    (item,) = model.access(case(Simulator()))
    assert item.verdict == "NG"
    assert item.seen == (
        f"{TASK} is denied reading it: s3:GetObject (implicitDeny), s3:GetObjectVersion (implicitDeny)"
    )


def test_the_key_of_an_encrypted_model_counts():
    s3 = SimpleNamespace(head_object=lambda **_: {"SSEKMSKeyId": KEY})
    iam = Simulator(*READ)
    (item,) = model.access(case(iam, s3=s3))
    assert item.seen == f"{TASK} is denied decrypting it: kms:Decrypt (implicitDeny)"
    assert iam.asked[-1]["ContextEntries"] == [
        {
            "ContextKeyName": "kms:ViaService",
            "ContextKeyValues": ["s3.us-east-1.amazonaws.com"],
            "ContextKeyType": "string",
        }
    ]
    (item,) = model.access(case(Simulator(*READ, ("kms:Decrypt", KEY)), s3=s3))
    assert item.verdict == "OK"


def test_a_prefix_takes_listing_too():
    iam = Simulator(
        ("s3:GetObject", "arn:aws:s3:::models/m/model"),
        ("s3:GetObjectVersion", "arn:aws:s3:::models/m/model"),
    )
    (item,) = model.access(case(iam, uri="s3://models/m/"))
    assert item.seen == f"{TASK} is denied listing it: s3:ListBucket (implicitDeny)"
    assert iam.asked[0]["ContextEntries"][0]["ContextKeyValues"] == ["m/"]


def test_a_model_that_may_not_be_seen_is_no_reason_against_the_role():
    def refused(**_):
        raise error("403", "HeadObject")

    s3 = SimpleNamespace(head_object=refused)
    (there,) = model.check(case(Simulator(), s3=s3))
    assert there.verdict == "SKIP"
    (readable,) = model.access(case(Simulator(*READ), s3=s3))
    assert readable.verdict == "OK"


def test_without_a_task_role_the_model_is_the_instances_business():
    (item,) = model.access(case(Simulator(), taskRoleArn=None))
    assert item.verdict == "SKIP"
