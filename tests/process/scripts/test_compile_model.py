"""scripts/compile-model as a person starts it, against moto's S3 and a pretended Neo."""

from __future__ import annotations

import json
import subprocess
import sys

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.archives import files_below, tar_gz
from tests.deploying.neo_jobs import PretendNeo
from tests.deploying.uncompiled_models import saved_model
from tests.process.scripts.conftest import ROOT
from tests.stored_models import AWS, isolate

ROLE = ("--role", "arn:aws:iam::123456789012:role/neo", "--bucket", "models", "--target", "ml_inf1")


@pytest.fixture
def aws(tmp_path, monkeypatch):
    """The environment of somebody whose S3 is moto's; a bucket ``models`` is there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    isolate(monkeypatch, tmp_path, AWS_ENDPOINT_URL_S3=f"http://{host}:{port}")
    boto3.client("s3", "us-east-1").create_bucket(Bucket="models")
    yield {**AWS, "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}", "TMPDIR": str(tmp_path)}
    server.stop()


@pytest.fixture
def model(tmp_path):
    return saved_model(tmp_path / "resnet" / "1", {"image": (-1, 224, 224, 3)})


def test_a_folder_an_archive_of_it_and_that_archive_in_s3_are_compiled(script, aws, tmp_path, model):
    packed = tmp_path / "resnet.tar.gz"
    packed.write_bytes(tar_gz(files_below(model.parent)))
    boto3.client("s3", "us-east-1").upload_file(str(packed), "models", "in/resnet.tar.gz")
    service = PretendNeo("COMPLETED")
    with service.front.serving(service) as url:
        made = []
        for given in (str(model), str(packed), "s3://models/in/resnet.tar.gz"):
            done = script("compile-model", "run", given, *ROLE, AWS_ENDPOINT_URL_SAGEMAKER=url, **aws)
            assert done.returncode == 0, done.stderr
            made.append(json.loads(done.stdout)["job"])
        assert (
            made[0] == made[1] != made[2]
        )  # packed by us, the two are the same; what is in S3 stays as it is
        told = script("compile-model", "describe", made[0], AWS_ENDPOINT_URL_SAGEMAKER=url, **aws)
    assert told.stdout.splitlines()[2].split() == ["status", "COMPLETED"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("compile-model-")]


def test_what_is_wrong_is_one_line_and_an_exit_code(script, aws, tmp_path, model):
    (tmp_path / "bad.tar.gz").write_bytes(b"no archive")
    for given, said in (
        (str(tmp_path / "absent"), "no such file or folder"),
        (str(tmp_path / "bad.tar.gz"), "is no tar.gz archive"),
        (str(model / "variables"), "holds no model"),
    ):
        done = script("compile-model", "run", given, *ROLE, **aws)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_path_is_that_of_the_folder_it_is_called_from(aws, model):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "compile-model"), "run", "resnet", *ROLE, "--dry-run"],
        cwd=model.parents[1], env={**aws, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[1]["CompilationJobName"].startswith("resnet-ml-inf1-")
