"""Every command of README.md's part on ECS and of docs/ecs.md, run as it stands there, against moto's AWS.

Containers are another matter: `run-local` prints what it would do here; tests/image runs it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from tests.deploying.instances import join
from tests.stored_models import AWS

ROOT = Path(__file__).parents[3]
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


def blocks(document):
    """The shell blocks that are about ECS."""
    text = (ROOT / document).read_text()
    if document == "README.md":
        text = text.partition("## On Amazon ECS")[2].partition("\n## ")[0]
    return re.findall(r"^```bash\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """An AWS in which everything that the documents name is there, and services run at once."""
    monkeypatch.setenv("MOTO_ECS_SERVICE_RUNNING", "2")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    reset = (
        f"http://{host}:{port}/moto-api/reset"  # all of moto's servers in one process share what they hold
    )
    requests.post(reset, timeout=30)
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **AWS,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "CONTAINER_ENGINE": "podman",
    }
    furnish(variables)
    yield variables
    requests.post(reset, timeout=30)
    server.stop()


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
    """The block as bash runs it here: from an empty folder, ending with the first command that fails."""
    block = re.sub(r"(?m)^(scripts/ecs run-local [^#\n]*)", r"\1 --dry-run ", block)
    return f"set -euxo pipefail\n{block}"


@pytest.mark.parametrize("document", ["README.md", "docs/ecs.md"])
def test_each_command_does_what_the_document_says(document, environ, tmp_path):
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    script = "IMAGE=123456789012.dkr.ecr.eu-west-1.amazonaws.com/neuronserve:1\n"
    script += as_run("\n".join(blocks(document)))
    assert script.count("scripts/") >= 8
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
