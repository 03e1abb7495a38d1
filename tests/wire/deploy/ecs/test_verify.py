"""scripts/task-definition verify against an AWS: what is there is OK, what is not is NG with its fix."""

from __future__ import annotations

import hashlib
import json

import pytest

from neuronserve.deploy import documents, exits, program
from neuronserve.deploy.ecs.verbs import verify
from tests.deploying.instances import join

ACCOUNT = "123456789012"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/served"
INDEX = "application/vnd.oci.image.index.v1+json"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
MODEL = b"model" * 1000
DIGEST = hashlib.sha256(MODEL)


@pytest.fixture
def definition(tmp_path):
    """Writes a definition to a file: ``definition(memory="1 GB", container={"image": ...})``."""

    def write(container=(), **changes):
        inner = {"name": "served", "image": f"{REPOSITORY}:1", "essential": True, **dict(container)}
        file = tmp_path / "served.json"
        file.write_text(
            json.dumps(
                {
                    "family": "served",
                    "cpu": "4096",
                    "memory": "7168",
                    "containerDefinitions": [inner],
                    "placementConstraints": [
                        {"type": "memberOf", "expression": "attribute:ecs.instance-type == inf1.xlarge"}
                    ],
                    **changes,
                }
            )
        )
        return str(file)

    return write


@pytest.fixture
def verified(desk):
    """Runs the verb; its exit code and the items that it found, by check."""

    def run(*words):
        desk.out.seek(0)
        desk.out.truncate()
        code = program.single("verify", verify, [*words, "--output", "json"], desk)
        found = {}
        for item in json.loads(desk.out.getvalue())["items"]:
            found.setdefault(item["check"], []).append(item)
        return code, found

    return run


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


def only(found, check):
    (item,) = found[check]
    return item["verdict"], item["seen"], item["fix"]


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
    secret = cloud.secretsmanager.create_secret(Name="token", SecretString="very-secret")["ARN"]
    cloud.ssm.put_parameter(Name="/served/key", Value="very-secret", Type="SecureString")
    cloud.ssm.put_parameter(Name="plain", Value="very-secret", Type="String")
    arn = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter"
    sources = {
        "A": f"{secret}:json:AWSCURRENT:",
        "B": "/served/key",
        "C": f"{arn}/served/key",
        "D": f"{arn}/plain",
        "E": secret.replace("token", "gone"),
        "F": f"{arn}/gone",
        "G": f"{arn.replace('us-east-1', 'eu-west-1')}/plain",
    }
    secrets = {"secrets": [{"name": name, "valueFrom": source} for name, source in sources.items()]}
    code, found = verified(definition(secrets), "--only", "secrets")
    assert code == exits.NO
    assert {item["subject"]: item["verdict"] for item in found["secrets"]} == {
        **dict.fromkeys("ABCD", "OK"),
        **dict.fromkeys("EFG", "NG"),
    }
    assert "very-secret" not in desk.out.getvalue()


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


@pytest.fixture
def cluster(cloud):
    cloud.ecs.create_cluster(clusterName="c")
    return cloud


def test_an_instance_that_fits_and_has_room_is_ok(cluster, definition, verified):
    join(cluster)
    code, found = verified(definition(), "--cluster", "c", "--only", "instances", "--only", "room")
    assert code == exits.YES
    assert only(found, "instances")[1].startswith("1 of 1 can take it: i-")
    assert only(found, "room")[1].startswith("1 of 1 can take it now: i-")


def test_every_instance_says_which_part_it_fails(cluster, definition, verified):
    join(cluster)
    join(cluster, instance_type="inf1.2xlarge")
    file = definition(cpu="8192", memory="16384", placementConstraints=[
        {"type": "memberOf", "expression": "attribute:ecs.instance-type == Inf1.xlarge"}])  # fmt: skip
    code, found = verified(file, "--cluster", "c", "--only", "instances")
    assert code == exits.NO
    (item,) = found["instances"]
    assert item["verdict"] == "NG"
    cpu = "cpu: needs 8192 units, 4096 are registered in all"
    memory = "memory: needs 16384 MiB, 7482 are registered in all"
    clause = "clause attribute:ecs.instance-type == Inf1.xlarge"
    lines = sorted(line.partition(": ")[2] for line in item["details"])
    assert lines == [
        f"{cpu}; {memory}; {clause}: it is inf1.2xlarge",
        f"{cpu}; {memory}; {clause}: it is inf1.xlarge (differs only in case)",
    ]


def test_an_instance_that_is_full_fits_and_has_no_room(cluster, definition, verified):
    join(cluster)
    file = definition({"cpu": 4096, "memory": 7000})
    cluster.ecs.register_task_definition(**documents.read(file))
    cluster.ecs.run_task(cluster="c", taskDefinition="served")
    code, found = verified(file, "--cluster", "c", "--only", "instances", "--only", "room")
    assert code == exits.NO
    assert only(found, "instances")[0] == "OK"
    assert only(found, "room")[0] == "NG"
    assert "cpu: needs 4096 units, 0 of 4096 are free" in found["room"][0]["details"][0]


def serve(aws, file, stack):
    """A service with a placement constraint, which moto forgets."""
    aws.ecs.register_task_definition(**documents.read(file))
    aws.ecs.create_service(cluster="c", serviceName="s", taskDefinition="served", desiredCount=0)
    constraints = [{"type": "memberOf", "expression": f"attribute:stack == {stack}"}]

    def remembered(parsed, **_):
        parsed["services"][0]["placementConstraints"] = constraints

    aws.ecs.meta.events.register("after-call.ecs.DescribeServices", remembered)


@pytest.mark.parametrize(("stack", "verdict"), [("blue", "OK"), ("green", "NG")])
def test_a_service_brings_its_own_constraints(cluster, definition, verified, stack, verdict):
    join(cluster, stack="blue")
    file = definition({"memory": 128})
    serve(cluster, file, stack)
    _, found = verified(file, "--cluster", "c", "--service", "s", "--only", "instances")
    assert only(found, "instances")[0] == verdict
    told = "".join(found["instances"][0]["details"])
    assert ("clause attribute:stack == green: it is blue" in told) == (verdict == "NG")


def test_a_service_whose_own_tasks_fill_the_instance_is_not_refused_for_it(cluster, definition, verified):
    join(cluster, stack="blue")
    file = definition({"cpu": 4096, "memory": 7168})
    serve(cluster, file, "blue")
    cluster.ecs.run_task(cluster="c", taskDefinition="served", group="service:s")
    code, found = verified(file, "--cluster", "c", "--service", "s", "--only", "room")
    assert (code, only(found, "room")[0]) == (exits.YES, "SKIP")
    assert "0 of 4096 are free" in found["room"][0]["details"][0]


def test_a_cluster_without_instances_and_one_that_is_not_there_are_ng(cluster, definition, verified):
    for name, seen in {"c": "cluster c has no container instances", "gone": "no cluster gone"}.items():
        code, found = verified(definition(), "--cluster", name, "--only", "instances")
        assert (code, only(found, "instances")[:2]) == (exits.NO, ("NG", seen))


def test_what_never_fits_has_no_room_to_be_looked_for(cluster, definition, verified):
    join(cluster, instance_type="inf1.2xlarge")
    _, found = verified(definition(), "--cluster", "c", "--only", "room")
    assert only(found, "room")[:2] == ("SKIP", "it fits on none, whatever runs there")


@pytest.mark.parametrize(("memory", "verdict"), [("3700", "OK"), ("3800", "NG")])
def test_slots_that_each_fit_have_to_fit_together(cluster, definition, verified, tmp_path, memory, verdict):
    join(cluster)
    slots = [
        {**documents.read(definition(cpu="2048", memory=memory)), "family": f"slot{number}"}
        for number in (0, 1)
    ]
    file = tmp_path / "slots.json"
    file.write_text(json.dumps(slots))
    _, found = verified(str(file), "--cluster", "c", "--only", "instances", "--only", "together")
    assert [item["verdict"] for item in found["instances"]] == ["OK", "OK"]
    assert only(found, "together")[0] == verdict
    assert ("no place for slot1 when" in only(found, "together")[1]) == (verdict == "NG")


def test_a_constraint_of_run_task_counts(cluster, definition, verified):
    join(cluster)
    words = (definition(), "--cluster", "c", "--only", "instances", "--constraint")
    assert verified(*words, "attribute:stack !exists")[0] == exits.YES
    assert verified(*words, "attribute:stack exists")[0] == exits.NO
    code, found = verified(*words, "attribute:stack = a")
    assert (code, only(found, "instances")[0]) == (exits.NO, "NG")
    assert "column 17" in only(found, "instances")[1]


def test_a_registered_definition_is_verified_by_its_name(cluster, definition, desk):
    cluster.ecs.register_task_definition(**documents.read(definition({"memory": 128})))
    code = program.single("verify", verify, ["served:1", "--skip", "image"], desk)
    lines = desk.out.getvalue().splitlines()
    assert code == exits.YES
    assert "SKIP instances: served: no cluster is named (give it with --cluster)" in lines
    assert not any(" image: " in line for line in lines)
    assert desk.err.getvalue().endswith("SKIP\n")
    assert cluster.ecs.list_task_definitions()["taskDefinitionArns"][1:] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gone:1"], "gone:1: no such revision"),
        (["gone.json"], "gone.json: No such file"),
        (["served:1", "--service", "s"], "--service without --cluster"),
    ],
)
def test_what_cannot_be_verified_is_one_line(cluster, desk, words, told):
    assert program.single("verify", verify, words, desk) in (exits.NO, exits.INPUT)
    assert told in desk.err.getvalue()
    assert "fault of neuronserve" not in desk.err.getvalue()


def test_a_service_that_is_not_there_is_told(cluster, definition, desk):
    words = [definition(), "--cluster", "c", "--service", "gone"]
    assert program.single("verify", verify, words, desk) == exits.NO
    assert "no service gone in cluster c" in desk.err.getvalue()
