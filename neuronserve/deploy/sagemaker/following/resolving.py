"""An artefact by its compilation job, looked up in AWS."""

from __future__ import annotations

from neuronserve.deploy.aws import Aws
from neuronserve.deploy.sagemaker.following import live
from neuronserve.deploy.sagemaker.rules import Built
from neuronserve.errors import InvalidInput, NoSuchResource
from neuronserve.generation import Generation

_TARGETS = {
    "ml_inf1": Generation.V1, "ml_inf2": Generation.V2, "ml_trn1": Generation.V2,
}  # fmt: skip  # Neo's TargetDevice


def artefact(aws: Aws, job: str) -> tuple[str, Built]:
    """Where a job put its model, and what it was made for. Raises InvalidInput, NoSuchResource."""
    found = live.compilation_job(aws, job)
    if found is None:
        raise NoSuchResource(f"no compilation job {job}", hint="see --region")
    status = found["CompilationJobStatus"]
    if status != "COMPLETED":
        raise InvalidInput(
            f"compilation job {job} is {status}{_why(found)}", hint="`scripts/compile-model` makes another"
        )
    device = found["OutputConfig"].get("TargetDevice")
    return found["ModelArtifacts"]["S3ModelArtifacts"], Built(
        generation=_TARGETS.get(str(device)), source=f"compilation job {job}"
    )


def _why(found: live.Described) -> str:
    return f": {found['FailureReason']}" if found.get("FailureReason") else ""
