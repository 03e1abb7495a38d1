"""Against moto's server: what S3 and SageMaker answer when all is well, and the plain refusals."""

from __future__ import annotations

import hashlib
import logging

import boto3
import pytest
from moto.server import ThreadedMotoServer

from neuronserve import exitcodes
from neuronserve.errors import DigestMismatch, ModelNotFound
from tests.archives import files_below, saved_model, tar_gz
from tests.stored_models import isolate

FILES = {**saved_model("resnet/0003", weights=20 << 20), "code/inference.py": b"pass"}
ARCHIVE = tar_gz(FILES)


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def s3(endpoint, tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path, AWS_ENDPOINT_URL=endpoint)
    client = boto3.client("s3", "us-east-1")
    client.create_bucket(Bucket="models")
    yield client
    for row in client.list_objects_v2(Bucket="models").get("Contents", []):
        client.delete_object(Bucket="models", Key=row["Key"])


def served(bundle):
    return files_below(bundle.root / "models")


def test_an_archive_is_fetched_unpacked_and_normalised(s3, get):
    s3.put_object(Bucket="models", Key="a/model.tar.gz", Body=ARCHIVE)
    bundle = get("s3://models/a/model.tar.gz")
    assert [(m.name, m.versions) for m in bundle.models] == [("resnet", (3,))]
    assert bundle.default_model == "resnet"
    assert bundle.extras == ("code",)
    assert (bundle.extras_path / "code/inference.py").read_bytes() == b"pass"
    assert served(bundle) == {
        path.replace("resnet/0003", "resnet/3"): data
        for path, data in FILES.items()
        if path.startswith("resnet")
    }
    assert not bundle.reused


def test_the_same_object_is_reused_and_another_upload_is_not(s3, get):
    s3.put_object(Bucket="models", Key="m.tar.gz", Body=ARCHIVE)
    get("s3://models/m.tar.gz")
    assert get("s3://models/m.tar.gz").reused
    s3.put_object(Bucket="models", Key="m.tar.gz", Body=tar_gz(saved_model("new/1")))
    bundle = get("s3://models/m.tar.gz")
    assert not bundle.reused
    assert bundle.default_model == "new"


def test_an_object_of_several_parts_is_taken_whole(s3, get):
    upload = s3.create_multipart_upload(Bucket="models", Key="m.tar.gz")["UploadId"]
    half = 6 << 20
    parts = []
    for number, data in enumerate((ARCHIVE[:half], ARCHIVE[half:]), 1):
        part = s3.upload_part(Bucket="models", Key="m.tar.gz", UploadId=upload, PartNumber=number, Body=data)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    s3.complete_multipart_upload(
        Bucket="models", Key="m.tar.gz", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    assert get("s3://models/m.tar.gz").default_model == "resnet"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256", "SHA1"])
def test_a_check_sum_that_the_store_keeps_is_verified(s3, get, algorithm):
    s3.put_object(Bucket="models", Key="m.tar.gz", Body=ARCHIVE, ChecksumAlgorithm=algorithm)
    bundle = get("s3://models/m.tar.gz")
    assert bundle.default_model == "resnet"
    if algorithm == "SHA256":
        assert bundle.digest == f"sha256:{hashlib.sha256(ARCHIVE).hexdigest()}"


def test_every_object_under_a_prefix_is_fetched(s3, get):
    for name, data in FILES.items():
        s3.put_object(Bucket="models", Key=f"tree/{name}", Body=data)
    s3.put_object(Bucket="models", Key="tree/resnet/", Body=b"")
    s3.put_object(Bucket="models", Key="treeless/1/saved_model.pb", Body=b"another")
    bundle = get("s3://models/tree/")
    assert [(m.name, m.versions) for m in bundle.models] == [("resnet", (3,))]
    assert len(served(bundle)) == 3
    assert get("s3://models/tree/").reused


def test_a_prefix_without_its_slash_is_understood(s3, get):
    for name, data in saved_model("1").items():
        s3.put_object(Bucket="models", Key=f"tree/{name}", Body=data)
    assert get("s3://models/tree").models[0].versions == (1,)


def test_a_prefix_that_holds_one_archive_means_the_archive(s3, get):
    s3.put_object(Bucket="models", Key="out/model-ml_inf1.tar.gz", Body=ARCHIVE)
    assert get("s3://models/out/").default_model == "resnet"


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://nobody-has-this/m.tar.gz", "no such bucket"),
        ("s3://nobody-has-this/tree/", "no such bucket"),
        ("s3://models/missing.tar.gz", "no such object"),
        ("s3://models/missing/", "no object has that prefix"),
    ],
)
def test_what_does_not_exist_is_said_and_gives_exit_11(get, uri, said):
    with pytest.raises(ModelNotFound, match=said) as refused:
        get(uri)
    assert exitcodes.of(refused.value) == 11


def test_the_right_digest_is_accepted_and_a_wrong_one_publishes_nothing(s3, get):
    s3.put_object(Bucket="models", Key="m.tar.gz", Body=ARCHIVE)
    right = f"sha256:{hashlib.sha256(ARCHIVE).hexdigest()}"
    with pytest.raises(DigestMismatch, match="MODEL_DIGEST says") as refused:
        get("s3://models/m.tar.gz", MODEL_DIGEST="sha256:" + "0" * 64)
    assert exitcodes.of(refused.value) == 17
    assert not get.published
    assert not get.partials
    assert get("s3://models/m.tar.gz", MODEL_DIGEST=right).digest == right


def test_a_wrong_digest_may_only_warn_and_is_not_trusted_later(s3, get, caplog):
    s3.put_object(Bucket="models", Key="m.tar.gz", Body=ARCHIVE)
    wrong = "blake2b:" + "0" * 128
    with caplog.at_level(logging.WARNING):
        get("s3://models/m.tar.gz", MODEL_DIGEST=wrong, SERVE_DIGEST_MISMATCH="warn")
    assert "MODEL_DIGEST says" in caplog.text
    with pytest.raises(DigestMismatch):
        get("s3://models/m.tar.gz", MODEL_DIGEST=wrong)


def test_a_digest_of_a_prefix_cannot_be_checked_and_is_refused(s3, get):
    for name, data in saved_model("1").items():
        s3.put_object(Bucket="models", Key=f"tree/{name}", Body=data)
    with pytest.raises(DigestMismatch, match="no archive to compare"):
        get("s3://models/tree/", MODEL_DIGEST="sha256:" + "0" * 64)


def test_a_compilation_jobs_artifact_is_served(s3, get, caplog):
    s3.put_object(Bucket="models", Key="out/model.tar.gz", Body=ARCHIVE)
    boto3.client("sagemaker", "us-east-1").create_compilation_job(
        CompilationJobName="neo",
        RoleArn="arn:aws:iam::123456789012:role/neo-role",
        InputConfig={"S3Uri": "s3://models/in.tar.gz", "DataInputConfig": "{}", "Framework": "TENSORFLOW"},
        OutputConfig={"S3OutputLocation": "s3://models/out/", "TargetDevice": "ml_inf1"},
        StoppingCondition={"MaxRuntimeInSeconds": 900},
    )
    assert get(COMPILATION_JOB="neo").default_model == "resnet"


def test_a_compilation_job_that_does_not_exist_is_said(get):
    with pytest.raises(ModelNotFound, match="no compilation job 'nobody'"):
        get(COMPILATION_JOB="nobody")
