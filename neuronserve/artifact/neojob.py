"""COMPILATION_JOB: where a SageMaker Neo job put its artifact."""

from __future__ import annotations

import logging
from typing import Any

from neuronserve.artifact import location, s3
from neuronserve.artifact.digests import Expected, from_job
from neuronserve.artifact.location import S3Location
from neuronserve.artifact.retry import Patience, patiently
from neuronserve.artifact.s3errors import code_of, translated
from neuronserve.errors import AccessDenied, LocationError, ModelNotFound

log = logging.getLogger(__name__)
_PENDING = ("INPROGRESS", "STARTING", "STOPPING")


def located(name: str, patience: Patience) -> tuple[S3Location, tuple[Expected, ...]]:
    """The address of a job's artifact, and the digest the job claims for it. Raises ArtifactError."""
    what = f"compilation job {name!r}"
    answer = patiently(lambda: _described(name, what), patience)
    status = answer.get("CompilationJobStatus", "")
    if status != "COMPLETED":
        reason = answer.get("FailureReason", "")
        raise LocationError(
            f"{what} is {status or 'in no state'}, not COMPLETED" + (f": {reason}" if reason else ""),
            hint="wait until it is done" if status in _PENDING else "compile again, or name another job",
        )
    uri = answer.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
    if not uri.startswith("s3://"):
        raise LocationError(f"{what} names no artifact in S3: {uri!r}")
    at = location.parse(uri)
    assert isinstance(at, S3Location)  # noqa: S101  it begins with s3://
    claimed = answer.get("ModelDigests", {}).get("ArtifactDigest", "")
    log.info("%s wrote %s", what, at)
    return at, from_job(claimed) if claimed else ()


def _described(name: str, what: str) -> Any:
    import botocore.exceptions

    with translated(what):
        sagemaker = s3.client("sagemaker")
        try:
            return sagemaker.describe_compilation_job(CompilationJobName=name)
        except botocore.exceptions.ClientError as error:
            code, _ = code_of(error.response)
            if (
                code in ("ResourceNotFound", "ResourceNotFoundException")
                or "not find" in str(error.response["Error"].get("Message", "")).lower()
            ):
                raise ModelNotFound(
                    f"no {what} in {sagemaker.meta.region_name}", hint="check COMPILATION_JOB and AWS_REGION"
                ) from error
            if code.startswith("AccessDenied"):
                raise AccessDenied(
                    f"access to {what} was denied",
                    hint="the role needs sagemaker:DescribeCompilationJob; or set MODEL_URI instead",
                ) from error
            raise
