"""What came of a job, and what to do next with it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from neuronserve.deploy import s3
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.neo import record, storage, targets
from neuronserve.deploy.neo.jobs import Job
from neuronserve.errors import InvalidInput
from neuronserve.instances import catalogue

_DLC = "https://github.com/aws/deep-learning-containers/blob/master/available_images.md"


def document(desk: Desk, job: Job) -> dict[str, Any]:
    """The result of a job that COMPLETED; ``size`` in bytes, None where it may not be seen."""
    artifact = (job.get("ModelArtifacts") or {}).get("S3ModelArtifacts", "")
    return {
        "job": job["CompilationJobName"],
        "status": job["CompilationJobStatus"],
        "target": record.target(job),
        "artifact": artifact,
        "digest": (job.get("ModelDigests") or {}).get("ArtifactDigest"),
        "size": _size(desk, artifact),
        "image": job.get("InferenceImage"),
        "seconds": record.compiling(job),
    }


def _size(desk: Desk, artifact: str) -> int | None:
    try:
        place = s3.archive("artifact", artifact)
    except InvalidInput:
        return None
    found = storage.head(desk.aws, place)
    return int(found["ContentLength"]) if found else None


def next_lines(job: Job, region: str) -> Iterator[str]:
    """The next commands, or why ``serve`` is not the way."""
    if reason := not_served(job):
        yield f"serve will not serve it: {reason}"
        return
    name = shlex.quote(str(job["CompilationJobName"]))
    yield "next, on an instance with the devices:"
    yield (
        f"  docker run --rm -p 8080:8080 --device /dev/neuron0 -e AWS_REGION={region} "
        f"-e COMPILATION_JOB={name} IMAGE serve"
    )
    yield (
        f"or as an endpoint: scripts/sagemaker deploy ENDPOINT --compilation-job {name} "
        f"--instance-type {_smallest(record.target(job))} --image IMAGE --role ROLE"
    )
    artifact = shlex.quote(str(job["ModelArtifacts"]["S3ModelArtifacts"]))
    yield f"or what was compiled into it: scripts/inspect-model {artifact}"


def _smallest(device: str) -> str:
    """SageMaker's smallest instance type with such chips: ``ml.inf1.xlarge`` for ``ml_inf1``."""
    family = device.removeprefix("ml_")
    types = [one for one in catalogue().values() if one.family == family and one.sagemaker]
    return str(min(types, key=lambda one: (one.chips, one.vcpus)).sagemaker) if types else "TYPE"


def not_served(job: Job) -> str:
    """Why ``serve`` refuses what the job made, with a pointer; "" where it serves it."""
    framework = (job.get("InputConfig") or {}).get("Framework")
    device = (job.get("OutputConfig") or {}).get("TargetDevice")
    image = job.get("InferenceImage")
    own = f"; AWS's own image for it is {image}" if image else ""
    if targets.is_neuron(device):
        if framework in (None, "TENSORFLOW"):
            return ""
        return f"it is a {framework} model, and it serves TensorFlow's{own or f'; see {_DLC}'}"
    return f"it is compiled for {record.target(job)}, and no SavedModel for NeuronCores{own}"
