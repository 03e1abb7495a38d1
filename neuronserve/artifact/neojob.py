"""COMPILATION_JOB: where a SageMaker Neo job put its artifact, and for what it made it."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

from neuronserve.artifact import location, s3
from neuronserve.artifact.digests import Expected, from_job
from neuronserve.artifact.location import S3Location
from neuronserve.artifact.retry import Patience, patiently
from neuronserve.artifact.s3errors import code_of, translated
from neuronserve.artifact.strangers import NEURON_IMAGES
from neuronserve.artifact.transport import within
from neuronserve.errors import AccessDenied, LocationError, ModelNotFound, OtherFramework, WrongGeneration
from neuronserve.generation import of_neo_target
from neuronserve.instances import catalogue
from neuronserve.settings import Settings

log = logging.getLogger(__name__)
_PENDING = ("INPROGRESS", "STARTING", "STOPPING")
_SERVED = "TENSORFLOW"


@dataclasses.dataclass(frozen=True)
class Job:
    """``hearsay``: the digest that the job claims. ``target``: its device, such as ``ml_inf1``, or ""."""

    name: str
    at: S3Location
    hearsay: tuple[Expected, ...] = ()
    target: str = ""


def located(name: str, patience: Patience) -> Job:
    """What a job made. Raises ArtifactError: for one without a result, or whose result cannot be served."""
    what = f"compilation job {name!r}"
    answer = patiently(lambda: within(lambda: _described(name, what), what), patience)
    status = answer.get("CompilationJobStatus", "")
    if status != "COMPLETED":
        reason = answer.get("FailureReason", "")
        raise LocationError(
            f"{what} is {status or 'in no state'}, not COMPLETED" + (f": {reason}" if reason else ""),
            hint="wait until it is done" if status in _PENDING else "compile again, or name another job",
        )
    target = _servable(answer, what)
    uri = answer.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
    if not uri.startswith("s3://"):
        raise LocationError(f"{what} names no artifact in S3: {uri!r}")
    at = location.parse(uri)
    assert isinstance(at, S3Location)  # noqa: S101  it begins with s3://
    claimed = answer.get("ModelDigests", {}).get("ArtifactDigest", "")
    log.info("%s wrote %s%s", what, at, f" for {target}" if target else "")
    return Job(name, at, from_job(claimed) if claimed else (), target)


def _servable(answer: Any, what: str) -> str:
    """The job's device. Raises OtherFramework for what TensorFlow Serving cannot load.

    For targets without NeuronCores Neo writes a model of its own runtime (DLR), whatever the framework was.
    """
    framework = answer.get("InputConfig", {}).get("Framework", "")
    image = answer.get("InferenceImage", "")
    own = f"deploy it with AWS's image for it, {image}" if image else NEURON_IMAGES
    if framework and framework != _SERVED:
        raise OtherFramework(f"{what} compiled a {framework} model; TensorFlow's are served here", hint=own)
    output = answer.get("OutputConfig", {})
    device = output.get("TargetDevice", "")
    platform = " ".join(output.get("TargetPlatform", {}).values())
    if platform or (device and of_neo_target(device) is None):
        raise OtherFramework(
            f"{what} compiled for {device or platform}: that is no SavedModel for NeuronCores, but one for "
            "Neo's own runtime",
            hint="compile it for ml_inf1, ml_inf2 or ml_trn1; or serve the SavedModel it was compiled from",
        )
    return str(device)


def refuse_other_host(job: Job, settings: Settings) -> None:
    """Before anything is downloaded, where the settings say what this host is. Raises WrongGeneration."""
    name = settings.simulate or settings.instance_type or ""
    instance, made_for = catalogue().get(name), of_neo_target(job.target)
    if settings.model_server not in ("auto", "neuron", "simulator") or not (instance and made_for):
        return
    if instance.generation is not made_for:
        raise WrongGeneration(
            f"compilation job {job.name!r} compiled for {job.target} ({made_for.families}); this is {name} "
            f"({instance.generation.families})",
            hint="name a job whose target is this host's, or run it on such a host",
        )


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
