"""Every field of a job: as AWS's own document, and as lines for a person."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from neuronserve.deploy.neo import compiler, failures
from neuronserve.deploy.neo.jobs import Job

_ABSENT = "-"
_WIDTH = 26


def document(job: Job, tags: Mapping[str, str] | None) -> dict[str, Any]:
    """DescribeCompilationJob's answer, with the tags and the seconds that each part took."""
    found: dict[str, Any] = dict(job)
    if tags is not None:
        found["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    found["Seconds"] = {"Waiting": waiting(job), "Compiling": compiling(job)}
    return found


def waiting(job: Job) -> float | None:
    """Seconds from its creation to its start; None: it has not started."""
    return _between(job.get("CreationTime"), job.get("CompilationStartTime"))


def compiling(job: Job) -> float | None:
    """Seconds from its start to its end, which are those that are billed; None: it has not ended."""
    return _between(job.get("CompilationStartTime"), job.get("CompilationEndTime"))


def _between(begin: dt.datetime | None, end: dt.datetime | None) -> float | None:
    return (end - begin).total_seconds() if begin and end else None


def lines(job: Job, tags: Mapping[str, str] | None) -> Iterator[str]:
    """A line for each field, absent ones too."""
    for name, value in _rows(job, tags):
        yield f"{name:{_WIDTH}}{value if value not in (None, '') else _ABSENT}"


def _rows(job: Job, tags: Mapping[str, str] | None) -> Iterator[tuple[str, Any]]:
    yield "name", job["CompilationJobName"]
    yield "ARN", job["CompilationJobArn"]
    yield "status", job["CompilationJobStatus"]
    yield "failure reason", " ".join(str(job.get("FailureReason") or "").split())
    if job["CompilationJobStatus"] in ("FAILED", "STOPPED"):
        yield "  what to do", failures.explained(job)
    yield "created", _time(job.get("CreationTime"))
    yield "started", _after(job.get("CompilationStartTime"), waiting(job), "waited")
    yield "ended", _after(job.get("CompilationEndTime"), compiling(job), "compiled")
    yield "last modified", _time(job.get("LastModifiedTime"))
    yield from _input(job.get("InputConfig") or {}, job)
    yield from _output(job.get("OutputConfig") or {})
    yield "artifact", (job.get("ModelArtifacts") or {}).get("S3ModelArtifacts")
    yield "digest (BLAKE2)", (job.get("ModelDigests") or {}).get("ArtifactDigest")
    yield "inference image", job.get("InferenceImage")
    yield "role", job.get("RoleArn")
    condition = job.get("StoppingCondition") or {}
    for name, member in (("run", "MaxRuntime"), ("wait", "MaxWaitTime"), ("pending", "MaxPendingTime")):
        seconds = condition.get(f"{member}InSeconds")
        yield f"longest {name}", None if seconds is None else f"{seconds} s"
    vpc = job.get("VpcConfig") or {}
    yield "VPC subnets", ", ".join(vpc.get("Subnets") or ())
    yield "VPC security groups", ", ".join(vpc.get("SecurityGroupIds") or ())
    told = "cannot be seen" if tags is None else ", ".join(f"{key}={value}" for key, value in tags.items())
    yield "tags", told


def _input(found: Mapping[str, Any], job: Job) -> Iterator[tuple[str, Any]]:
    yield "input", found.get("S3Uri")
    yield "framework", found.get("Framework")
    yield "framework version", found.get("FrameworkVersion")
    yield "data input config", found.get("DataInputConfig")
    yield "derived input config", (job.get("DerivedInformation") or {}).get("DerivedDataInputConfig")
    yield "model package version", job.get("ModelPackageVersionArn")


def _output(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "output location", found.get("S3OutputLocation")
    yield "target device", found.get("TargetDevice")
    platform = found.get("TargetPlatform") or {}
    parts = [f"{key} {platform[key]}" for key in ("Os", "Arch", "Accelerator") if platform.get(key)]
    yield "target platform", ", ".join(parts)
    yield "compiler options", _options(found.get("CompilerOptions"))
    yield "KMS key", found.get("KmsKeyId")


def _options(text: str | None) -> str | None:
    """The flags without the quotes of their JSON string; an object as it is."""
    flags = compiler.flags_of(text) if text else None
    return text if flags is None else flags


def _time(value: Any) -> str | None:
    return value.isoformat(timespec="seconds") if isinstance(value, dt.datetime) else None


def _after(value: Any, seconds: float | None, did: str) -> str | None:
    told = _time(value)
    return f"{told} ({did} {seconds:.0f} s)" if told and seconds is not None else told


def target(job: Job) -> str:
    """``ml_inf1``, or ``LINUX X86_64 NVIDIA``."""
    found = job.get("OutputConfig") or {}
    return str(
        found.get("TargetDevice") or " ".join((found.get("TargetPlatform") or {}).values()) or "unknown"
    )


def compact(text: str) -> str:
    """A JSON text on one line; what is none as it is."""
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return text
