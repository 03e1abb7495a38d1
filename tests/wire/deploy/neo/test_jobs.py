"""Compilation jobs from the model's folder to the artifact, or to why there is none."""

from __future__ import annotations

import io
import json
import tarfile

import boto3
import pytest

from neuronserve.deploy import exits, following
from tests.deploying.json_aws import Fault, Refused
from tests.deploying.neo_jobs import DIGEST, IMAGE
from tests.wire.deploy.neo.conftest import RUN

THROTTLED = Refused("ThrottlingException", "Rate exceeded")


def only(service):
    (name,) = service.jobs
    return name


def test_a_model_goes_from_its_folder_to_a_compiled_artifact(neo, typed, resnet, cloud):
    service = neo()
    done = typed("run", resnet, *RUN, "--tag", "team=vision", "--neuron-options=--num-neuroncores 2")
    assert done.code == exits.YES, done.err
    name = only(service)
    (request,) = service.front.sent("CreateCompilationJob")
    assert request["OutputConfig"]["CompilerOptions"] == '"--num-neuroncores 2"'
    assert json.loads(done.out) == {
        "job": name,
        "status": "COMPLETED",
        "target": "ml_inf1",
        "artifact": f"s3://models/neo/compiled/{name}/model-ml_inf1.tar.gz",
        "digest": DIGEST,
        "size": None,
        "image": IMAGE,
        "seconds": 300.0,
    }
    assert f"-e COMPILATION_JOB={name} IMAGE serve" in done.err
    assert f"--compilation-job {name} --instance-type ml.inf1.xlarge" in done.err
    bucket, _, key = request["InputConfig"]["S3Uri"].removeprefix("s3://").partition("/")
    archive = cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        assert "export/Servo/1/saved_model.pb" in packed.getnames()
        assert not any(name.endswith("fingerprint.pb") for name in packed.getnames())


def test_each_state_is_told_once_with_the_time_it_came(neo, typed, resnet, clock):
    service = neo("STARTING", "STARTING", "INPROGRESS", *["INPROGRESS"] * 9, "COMPLETED")
    told = [
        line.split() for line in typed("run", resnet, *RUN).err.splitlines() if only(service) + ":" in line
    ]
    assert [(int(line[0]), line[3:]) for line in told] == [
        (0, ["STARTING"]),
        (30, ["INPROGRESS"]),
        (150, ["still", "INPROGRESS"]),
        (180, ["COMPLETED"]),
    ]
    assert set(clock.slept) == {following.EVERY}


def test_the_size_is_told_where_it_may_be_seen(neo, typed, resnet, cloud):
    service = neo("COMPLETED")
    typed("run", resnet, *RUN)
    cloud.s3.put_object(
        Bucket="models", Key=f"neo/compiled/{only(service)}/model-ml_inf1.tar.gz", Body=b"x" * 77
    )
    assert json.loads(typed("run", resnet, *RUN).out)["size"] == 77


def test_the_same_command_finds_its_job_again_and_uploads_nothing_twice(neo, typed, resnet):
    service = neo("COMPLETED")
    first, again = (typed("run", resnet, *RUN) for _ in range(2))
    assert first.out == again.out
    assert len(service.jobs) == 1
    assert "uploading" in first.err
    assert "is there already" in again.err
    assert "uploading" not in again.err
    assert "following it" in again.err


def test_after_a_failure_the_same_command_tries_again_under_another_name(neo, typed, resnet):
    service = neo("FAILED", reason="ServerError: internal server error")
    assert typed("run", resnet, *RUN).code == exits.NO
    service.script.clear()
    service.script.append("COMPLETED")
    done = typed("run", resnet, *RUN)
    assert done.code == exits.YES, done.err
    first, second = service.jobs
    assert second == f"{first}-2"


def test_a_name_of_one_s_own_is_followed_for_the_same_and_refused_for_another_model(neo, typed, resnet):
    service = neo("INPROGRESS", "COMPLETED")
    named = ("run", resnet, *RUN, "--name", "mine")
    assert typed(*named, "--no-wait").code == exits.YES
    assert typed(*named).code == exits.YES
    other = typed(*named, "--batch", "2")
    assert other.code == exits.INPUT
    assert (
        "a compilation job mine is there already, with another InputConfig (choose another --name)"
        in other.err
    )
    assert list(service.jobs) == ["mine"]


def test_a_failed_job_of_that_name_is_told_as_it_is(neo, typed, resnet):
    neo("FAILED", reason="ClientError: OperatorNotImplemented: ('NonMaxSuppressionV5')")
    for _ in range(2):
        done = typed("run", resnet, *RUN, "--name", "mine")
        assert done.code == exits.NO
        last = done.err.splitlines()[-1]
        assert "the compilation job mine is FAILED: ClientError: OperatorNotImplemented" in last
        assert "lacks those operators" in last
        assert "/aws/sagemaker/CompilationJobs, streams mine/..." in last


def test_a_job_that_somebody_stopped_is_no_success(neo, typed, resnet):
    neo("INPROGRESS", "STOPPING", "STOPPED")
    done = typed("run", resnet, *RUN)
    assert (done.code, done.out) == (exits.NO, "")
    assert "is STOPPED (somebody stopped it" in done.err


def test_throttling_is_survived_and_told(neo, typed, resnet, monkeypatch):
    service = neo("INPROGRESS", "COMPLETED")
    monkeypatch.setattr("neuronserve.deploy.aws._CONFIG", _impatient())
    service.front.faults.append(Fault("DescribeCompilationJob", THROTTLED, times=2))
    done = typed("run", resnet, *RUN)
    assert done.code == exits.YES, done.err
    assert "AWS does not answer now: asking again" in done.err
    assert "AWS answers again" in done.err


def _impatient():
    from botocore.config import Config

    return Config(retries={"total_max_attempts": 1})


def test_when_the_time_is_up_the_job_goes_on(neo, typed, resnet):
    service = neo("INPROGRESS")
    done = typed("run", resnet, *RUN, "--timeout", "60")
    assert (done.code, done.out) == (exits.TIME_UP, "")
    assert "it goes on: scripts/compile-model describe" in done.err
    assert not service.front.sent("StopCompilationJob")


@pytest.mark.parametrize("stops", [True, False])
def test_ctrl_c_stops_the_job_only_when_that_is_asked(neo, typed, resnet, clock, monkeypatch, stops):
    service = neo("INPROGRESS")

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(clock, "sleep", interrupt)
    done = typed("run", resnet, *RUN, *(["--stop-on-interrupt"] if stops else []))
    assert done.code == exits.INTERRUPTED
    assert bool(service.front.sent("StopCompilationJob")) is stops
    assert ("asked to stop" if stops else "goes on: scripts/compile-model describe") in done.err


def test_no_wait_tells_the_name_and_goes(neo, typed, resnet, clock):
    service = neo("INPROGRESS")
    done = typed("run", resnet, *RUN, "--no-wait")
    assert json.loads(done.out) == {"job": only(service), "status": "INPROGRESS"}
    assert clock.slept == []


def test_a_dry_run_asks_aws_nothing(neo, typed, resnet, cloud):
    service = neo()
    assert typed("run", resnet, *RUN, "--dry-run").code == exits.YES
    assert service.front.calls == []
    assert "Contents" not in cloud.s3.list_objects_v2(Bucket="models")


def test_a_bucket_of_another_region_is_refused_before_anything_is_uploaded(neo, typed, resnet, cloud):
    service = neo()
    boto3.client("s3", "eu-west-1").create_bucket(
        Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    done = typed("run", resnet, *RUN, "--compiled-to", "s3://far/out/")
    assert done.code == exits.INPUT
    assert "the bucket far is in eu-west-1, and the job would run in us-east-1" in done.err
    assert service.front.calls == []


def test_what_a_job_would_replace_in_a_folder_of_one_s_own_is_warned_of(neo, typed, resnet, cloud):
    neo("COMPLETED")
    folder = ("--compiled-to", "s3://models/out")
    assert "warning: s3" not in typed("run", resnet, *RUN, *folder).err
    cloud.s3.put_object(Bucket="models", Key="out/model-ml_inf1.tar.gz", Body=b"of another job")
    told = typed("run", resnet, *RUN, *folder, "--batch", "2").err
    assert "warning: s3://models/out/model-ml_inf1.tar.gz is there, and a new job replaces it" in told


def test_a_bucket_that_is_not_there_is_said(neo, typed, resnet):
    neo()
    done = typed("run", resnet, *RUN, "--upload-to", "s3://nowhere-at-all/")
    assert done.code == exits.NO
    assert "no bucket nowhere-at-all" in done.err


def test_what_aws_denies_is_said_with_where_the_rights_are_printed(neo, typed, resnet):
    service = neo()
    denied = Refused("AccessDeniedException", "not authorized to perform: sagemaker:CreateCompilationJob")
    service.front.faults.append(Fault("CreateCompilationJob", denied))
    done = typed("run", resnet, *RUN)
    assert done.code == exits.REFUSED
    assert "scripts/policy prints the rights" in done.err


@pytest.mark.parametrize(
    ("file", "shape", "framework"), [("m.pth", "1,3,8,8", "PYTORCH"), ("m.onnx", "data=1,3,8,8", "ONNX")]
)
def test_another_framework_is_compiled_the_same_way_and_told_that_serve_will_not_take_it(
    neo, typed, tmp_path, file, shape, framework
):
    neo("COMPLETED")
    (tmp_path / file).write_bytes(b"model")
    target = ("--target", "ml_inf1" if framework == "PYTORCH" else "ml_c5", "--framework", framework)
    version = ("--framework-version", "1.9") if framework == "PYTORCH" else ()
    done = typed("run", tmp_path / file, *RUN, *target, *version, "--shape", shape)
    assert done.code == exits.YES, done.err
    assert "serve will not serve it" in done.err
    assert IMAGE in done.err


def test_an_archive_in_s3_is_taken_as_it_is(neo, typed, cloud):
    service = neo("COMPLETED")
    cloud.s3.put_object(Bucket="models", Key="in/m.tar.gz", Body=b"whatever it is")
    done = typed(
        "run", "s3://models/in/m.tar.gz", *RUN, "--framework", "tensorflow", "--framework-version", "2.5",
        "--data-input-config", '{"x": [1, 4]}',
    )  # fmt: skip
    assert done.code == exits.YES, done.err
    (request,) = service.front.sent("CreateCompilationJob")
    assert request["InputConfig"] == {
        "S3Uri": "s3://models/in/m.tar.gz",
        "DataInputConfig": '{"x": [1, 4]}',
        "Framework": "TENSORFLOW",
        "FrameworkVersion": "2.5",
    }


def test_another_object_at_the_same_address_is_another_job(neo, typed, cloud):
    service = neo("COMPLETED")
    for body in (b"one", b"other"):
        cloud.s3.put_object(Bucket="models", Key="m.tar.gz", Body=body)
        words = ("--framework", "PYTORCH", "--framework-version", "1.9", "--shape", "1,4")
        assert typed("run", "s3://models/m.tar.gz", *RUN, *words).code == exits.YES
    assert len(service.jobs) == 2


def test_describe_shows_every_field(neo, typed, resnet):
    service = neo("FAILED", reason="ClientError: OperatorNotImplemented: ('A')")
    typed(
        "run", resnet, *RUN, "--kms-key", "alias/k", "--subnet", "subnet-1", "--security-group", "sg-1",
        "--tag", "team=a", "--max-wait", "3600", "--max-pending", "1800", "--neuron-options=-O2",
    )  # fmt: skip
    done = typed("describe", only(service))
    assert done.code == exits.YES
    shown = {line[:26].strip(): line[26:] for line in done.out.splitlines()}
    assert shown["status"] == "FAILED"
    assert "lacks those operators" in shown["what to do"]
    assert shown["started"].endswith("(waited 60 s)")
    assert shown["ended"].endswith("(compiled 300 s)")
    assert shown["compiler options"] == "-O2"
    assert shown["KMS key"] == "alias/k"
    assert (shown["longest run"], shown["longest pending"]) == ("3600 s", "1800 s")
    assert (shown["VPC subnets"], shown["VPC security groups"]) == ("subnet-1", "sg-1")
    assert shown["tags"] == "team=a"
    assert shown["digest (BLAKE2)"] == shown["target platform"] == shown["model package version"] == "-"
    assert {
        "name", "ARN", "failure reason", "created", "last modified", "input", "framework",
        "framework version",
        "data input config", "derived input config", "output location", "target device", "artifact",
        "inference image", "role", "longest wait",
    } <= shown.keys()  # fmt: skip


def test_describe_as_a_document_is_aws_s_own_with_tags_and_seconds(neo, typed, resnet):
    service = neo("COMPLETED")
    typed("run", resnet, *RUN, "--tag", "team=a")
    found = json.loads(typed("describe", only(service), "--output", "json").out)
    assert found["ModelDigests"] == {"ArtifactDigest": DIGEST}
    assert found["Tags"] == [{"Key": "team", "Value": "a"}]
    assert found["Seconds"] == {"Waiting": 60.0, "Compiling": 300.0}
    assert found["CreationTime"].startswith("2026-01-02T03:04:05")
    assert "CompilationJobName" in typed("describe", only(service), "--output", "yaml").out


def test_describe_shows_the_rest_where_the_tags_may_not_be_seen(neo, typed, resnet):
    service = neo("COMPLETED")
    typed("run", resnet, *RUN)
    service.front.faults.append(Fault("ListTags", Refused("AccessDeniedException")))
    done = typed("describe", only(service))
    assert (done.code, done.out.splitlines()[-1][26:]) == (exits.YES, "cannot be seen")


@pytest.mark.parametrize("verb", ["describe", "stop"])
def test_a_job_that_is_not_there_is_said_with_the_region(neo, typed, verb):
    neo()
    done = typed(verb, "nothing")
    assert done.code == exits.NO
    assert "no compilation job nothing in us-east-1" in done.err


def test_stop_waits_for_the_end(neo, typed, resnet):
    service = neo("INPROGRESS")
    typed("run", resnet, *RUN, "--no-wait")
    assert json.loads(typed("stop", only(service), "--dry-run").out) == {"CompilationJobName": only(service)}
    assert not service.front.sent("StopCompilationJob")
    done = typed("stop", only(service))
    assert (done.code, json.loads(done.out)["status"]) == (exits.YES, "STOPPED")


def test_stop_leaves_alone_what_has_ended(neo, typed, resnet):
    service = neo("COMPLETED")
    typed("run", resnet, *RUN)
    done = typed("stop", only(service))
    assert (done.code, json.loads(done.out)["status"]) == (exits.YES, "COMPLETED")
    assert not service.front.sent("StopCompilationJob")


def test_list_shows_jobs_over_several_pages(neo, typed, resnet):
    service = neo("COMPLETED")
    for number in range(12):
        typed("run", resnet, *RUN, "--name", f"job-{number}", "--no-wait")
    assert len(typed("list").out.splitlines()) == 12
    assert len(json.loads(typed("list", "--most", "11", "--output", "json").out)) == 11
    assert "ml_inf1" in typed("list", "--name", "job-3").out
    assert "no compilation job" in typed("list", "--status", "failed").err
    assert all(request["SortOrder"] == "Descending" for request in service.front.sent("ListCompilationJobs"))


@pytest.mark.parametrize(
    ("words", "said"), [(["--status", "done"], "is none of"), (["--most", "0"], "at least 1")]
)
def test_list_refuses_what_aws_would(neo, typed, words, said):
    service = neo()
    done = typed("list", *words)
    assert (done.code, service.front.calls) == (exits.INPUT, [])
    assert said in done.err
