"""`scripts/sagemaker batch` against moto, which completes jobs at once."""

from __future__ import annotations

import json
import time

import pytest

from neuronserve.deploy import exits, program
from neuronserve.deploy.sagemaker.transform import following
from neuronserve.deploy.sagemaker.verbs import batch
from neuronserve.errors import JobFailed
from tests.wire.deploy.sagemaker import furnished

ASKED = ("digits", "s3://b/in/", "s3://b/out/", "--instance-type", "ml.inf2.xlarge")


@pytest.fixture
def run(desk):
    return lambda *argv: program.main("scripts/sagemaker", "", {"batch": batch}, ["batch", *argv], desk)


def jobs(cloud):
    return cloud.sagemaker.list_transform_jobs()["TransformJobSummaries"]


def test_a_job_is_begun_followed_and_not_run_twice(cloud, desk, run):
    furnished.endpoint(cloud)
    lines = ("--split", "Line", "--assemble", "Line", "--content-type", "text/csv")
    assert run(*ASKED, *lines) == exits.YES
    told = json.loads(desk.out.getvalue())
    assert told["TransformJobStatus"] == "Completed"
    assert told["BatchStrategy"] == "MultiRecord"
    assert run(*ASKED, *lines) == exits.YES
    assert "is there already, made of the same" in desk.err.getvalue()
    assert len(jobs(cloud)) == 1


def test_a_dry_run_prints_the_request_and_asks_nobody(cloud, desk, run):
    assert run(*ASKED, "--dry-run") == exits.YES
    assert json.loads(desk.out.getvalue())["ModelName"] == "digits"
    assert jobs(cloud) == []


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (ASKED, exits.NO, "there is no model 'digits'"),
        (
            (*ASKED[:3], "--instance-type", "ml.inf1.xlarge", "--dry-run"),
            exits.INPUT,
            "has no Inf1 instances",
        ),
        (("digits",), exits.INPUT, "the input's S3_URI, the output's S3_URI, --instance-type: needed"),
        (("--follow", "absent"), exits.NO, "there is no transform job 'absent'"),
        (("digits", "--follow", "j"), exits.INPUT, "starts nothing"),
        ((*ASKED, "--env", "A"), exits.INPUT, "expected NAME=VALUE"),
    ],
)
def test_what_cannot_be_is_told(cloud, desk, run, argv, code, said):
    assert run(*argv) == code
    assert said in desk.err.getvalue()
    assert jobs(cloud) == []


def test_a_failed_job_shows_its_reason_and_the_end_of_its_own_log(cloud, desk):
    group = "/aws/sagemaker/TransformJobs"
    cloud.logs.create_log_group(logGroupName=group)
    for stream in ("nightly/i-1", "other/i-2"):
        cloud.logs.create_log_stream(logGroupName=group, logStreamName=stream)
        event = {"timestamp": int(time.time() * 1000), "message": f"of {stream}"}
        cloud.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
    job = {"TransformJobName": "nightly", "TransformJobStatus": "Failed", "FailureReason": "ClientError: 415"}
    with pytest.raises(JobFailed, match="nightly is Failed: ClientError: 415"):
        following.refuse_failed(desk, job)
    assert "of nightly/i-1" in desk.err.getvalue()
    assert "other" not in desk.err.getvalue()
