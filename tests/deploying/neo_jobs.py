"""A small SageMaker with Neo's compilation jobs, over the real protocol (JSON 1.1, HTTP).

What moto's jobs never do: take time, fail, be stopped. Names are for ever, as at AWS; what a job writes is
called by its input's file and its target.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from typing import Any

from tests.deploying.json_aws import Front, Refused

ACCOUNT = "123456789012"
BEGIN = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
DIGEST = "0" * 128
IMAGE = "301217895009.dkr.ecr.us-east-1.amazonaws.com/sagemaker-neo-tensorflow:1.15.0-inf-py3"


class PretendNeo:
    """``script``: the state at each look at a job; the last one stays. ``reason``: that of a job that fails.

    ``front``: what was asked, and what is to fail.
    """

    def __init__(self, *script: str, reason: str = "", region: str = "us-east-1") -> None:
        self.front = Front("sagemaker")
        self.script = deque(script or ("STARTING", "INPROGRESS", "COMPLETED"))
        self.reason, self.region = reason, region
        self.jobs: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, list[dict[str, str]]] = {}

    def create_compilation_job(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["CompilationJobName"]
        if name in self.jobs:
            raise Refused("ResourceInUse", f"Compilation job with name {name} already exists.")
        source, package = request.get("InputConfig"), request.get("ModelPackageVersionArn")
        if (source is None) == (package is None):
            raise Refused("ValidationException", "exactly one of InputConfig and ModelPackageVersionArn")
        arn = f"arn:aws:sagemaker:{self.region}:{ACCOUNT}:compilation-job/{name}"
        self.tags[arn] = request.get("Tags", [])
        self.jobs[name] = {
            **{key: value for key, value in request.items() if key != "Tags"},
            "InputConfig": source or {"S3Uri": "s3://packages/model.tar.gz", "Framework": "TENSORFLOW"},
            "CompilationJobArn": arn,
            "CompilationJobStatus": "STARTING",
            "FailureReason": "",
            "CreationTime": BEGIN,
            "LastModifiedTime": BEGIN,
            "ModelArtifacts": {"S3ModelArtifacts": ""},
        }
        return {"CompilationJobArn": arn}

    def describe_compilation_job(self, request: dict[str, Any]) -> dict[str, Any]:
        job = self._job(request)
        if job["CompilationJobStatus"] not in ("COMPLETED", "FAILED", "STOPPED"):
            self._move(job, self.script.popleft() if len(self.script) > 1 else self.script[0])
        return job

    def stop_compilation_job(self, request: dict[str, Any]) -> dict[str, Any]:
        job = self._job(request)
        self._move(job, "STOPPING")
        self.script = deque(["STOPPING", "STOPPED"])
        return {}

    def list_compilation_jobs(self, request: dict[str, Any]) -> dict[str, Any]:
        names = [
            name
            for name, job in self.jobs.items()
            if request.get("NameContains", "") in name
            and request.get("StatusEquals") in (None, job["CompilationJobStatus"])
        ]
        begin = int(request.get("NextToken", 0))
        end = begin + request.get("MaxResults", 10)
        more = {"NextToken": str(end)} if end < len(names) else {}
        return {"CompilationJobSummaries": [self._summary(name) for name in names[begin:end]], **more}

    def list_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": self.tags[request["ResourceArn"]]}

    def _job(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["CompilationJobName"]
        if name not in self.jobs:
            raise Refused("ResourceNotFound", f"Could not find requested job with name: {name}")
        return self.jobs[name]

    def _summary(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        kept = ("CompilationJobName", "CompilationJobArn", "CompilationJobStatus", "CreationTime")
        device = job["OutputConfig"].get("TargetDevice")
        return {key: job[key] for key in kept} | ({"CompilationTargetDevice": device} if device else {})

    def _move(self, job: dict[str, Any], state: str) -> None:
        job["CompilationJobStatus"] = state
        if state != "STARTING":
            job.setdefault("CompilationStartTime", BEGIN + dt.timedelta(seconds=60))
        if state in ("COMPLETED", "FAILED", "STOPPED"):
            job["CompilationEndTime"] = job["LastModifiedTime"] = BEGIN + dt.timedelta(seconds=360)
        if state == "FAILED":
            job["FailureReason"] = self.reason
        if state == "COMPLETED":
            output = job["OutputConfig"]
            file = job["InputConfig"]["S3Uri"].rpartition("/")[2].removesuffix(".tar.gz")
            name = f"{file}-{output.get('TargetDevice', 'platform')}.tar.gz"
            job["ModelArtifacts"] = {"S3ModelArtifacts": f"{output['S3OutputLocation'].rstrip('/')}/{name}"}
            job["ModelDigests"] = {"ArtifactDigest": DIGEST}
            job["InferenceImage"] = IMAGE
