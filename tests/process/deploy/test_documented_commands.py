"""Every command of README.md's part on ECS and of docs/ecs.md, run as it stands there, against moto's AWS.

Containers are another matter: `run-local` prints what it would do here; tests/image runs it.
"""

from __future__ import annotations

import json
import re

import boto3
import pytest

from tests.deploying.instances import join
from tests.process.deploy import documents

REGION = "eu-west-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        }
    ],
}
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "config": {"digest": f"sha256:{0:064}"},
    "layers": [],
}


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """An AWS in which everything that the documents name is there, and services run at once."""
    monkeypatch.setenv("MOTO_ECS_SERVICE_RUNNING", "2")
    with documents.aws(REGION, tmp_path) as variables:
        furnish(variables)
        yield variables


def furnish(variables):
    """What the documents take for granted: a cluster with instances, roles, image, model and log group."""
    session = boto3.Session(
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], region_name=REGION
    )
    clients = {
        name: session.client(name, endpoint_url=variables["AWS_ENDPOINT_URL"])
        for name in ("ecs", "ec2", "iam", "ecr", "s3", "logs")
    }
    clients["ecs"].create_cluster(clusterName="neuron")
    for kind in ("inf1.xlarge", "inf1.xlarge", "inf1.6xlarge"):
        join(Clients(clients), "neuron", kind, **{"ecs.instance-type": kind})
    for role in ("digits-task", "digits-execution"):
        clients["iam"].create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
    clients["ecr"].create_repository(repositoryName="neuronserve")
    clients["ecr"].put_image(repositoryName="neuronserve", imageTag="1", imageManifest=json.dumps(MANIFEST))
    clients["s3"].create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    clients["s3"].put_object(Bucket="models", Key="digits.tar.gz", Body=b"x")
    clients["logs"].create_log_group(logGroupName="/ecs/digits")


class Clients:
    def __init__(self, clients):
        self.__dict__.update(clients)


def as_run(block):
    """`run-local` as a dry run."""
    return re.sub(r"(?m)^(scripts/ecs run-local [^#\n]*)", r"\1 --dry-run ", block)


@pytest.mark.parametrize(("document", "part"), [("README.md", "On Amazon ECS"), ("docs/ecs.md", "")])
def test_each_command_does_what_the_document_says(document, part, environ, tmp_path):
    script = "IMAGE=123456789012.dkr.ecr.eu-west-1.amazonaws.com/neuronserve:1\n"
    documents.run(script + as_run("\n".join(documents.blocks(document, part))), tmp_path, environ)
