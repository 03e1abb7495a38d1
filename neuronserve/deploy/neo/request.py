"""A CreateCompilationJob request, and the name of a job: values, made of what a person asks for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

LONGEST_NAME = 63
_SUFFIX = 4  # room for -2 to -999


@dataclasses.dataclass(frozen=True)
class Job:
    """What is asked for, apart from the input's address. Times in seconds; "" and None: not said."""

    role: str
    output: str
    framework: str = ""
    framework_version: str = ""
    data_input: str = ""
    model_package: str = ""
    device: str = ""
    platform: Mapping[str, str] = dataclasses.field(default_factory=dict)
    options: str = ""
    kms_key: str = ""
    max_runtime: int = 900
    max_wait: int | None = None
    max_pending: int | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)


def build(job: Job, name: str, source: str) -> dict[str, Any]:
    """The request; ``source``: s3://bucket/key.tar.gz, or "" with a model package."""
    request: dict[str, Any] = {"CompilationJobName": name, "RoleArn": job.role}
    if job.model_package:
        request["ModelPackageVersionArn"] = job.model_package
    if source:
        request["InputConfig"] = _without_nothing(
            S3Uri=source,
            DataInputConfig=job.data_input,
            Framework=job.framework,
            FrameworkVersion=job.framework_version,
        )
    request["OutputConfig"] = _without_nothing(
        S3OutputLocation=job.output,
        TargetDevice=job.device,
        TargetPlatform=dict(job.platform),
        CompilerOptions=job.options,
        KmsKeyId=job.kms_key,
    )
    request["StoppingCondition"] = _without_nothing(
        MaxRuntimeInSeconds=job.max_runtime,
        MaxWaitTimeInSeconds=job.max_wait,
        MaxPendingTimeInSeconds=job.max_pending,
    )
    if job.subnets or job.security_groups:
        request["VpcConfig"] = {"SecurityGroupIds": list(job.security_groups), "Subnets": list(job.subnets)}
    if job.tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in job.tags.items()]
    return request


def _without_nothing(**members: Any) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value not in (None, "", {})}


def name_for(job: Job, stem: str, digest: str) -> str:
    """A job's name: the same for the same model and the same options, another for others.

    ``stem``: what the model is called; ``digest``: of its bytes.
    """
    made = json.dumps(build(dataclasses.replace(job, role="", tags={}), "", digest), sort_keys=True)
    mark = hashlib.sha256(made.encode()).hexdigest()[:10]
    target = job.device or "-".join(job.platform.values())
    head = _legal(f"{stem}-{target}")[: LONGEST_NAME - _SUFFIX - len(mark) - 1].rstrip("-")
    return f"{head}-{mark}" if head else f"neo-{mark}"


def again(name: str, number: int) -> str:
    """The name of the second and later jobs for the same thing."""
    return f"{name}-{number}"


def placed(job: Job, name: str) -> Job:
    """The same with a folder of the job's own: Neo calls what it writes by the input's file and the target
    (``model-ml_inf1.tar.gz``), so that jobs with one folder replace each other's.
    """
    return dataclasses.replace(job, output=f"{job.output}{name}/")


def _legal(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


def same(request: Mapping[str, Any], described: Mapping[str, Any]) -> list[str]:
    """The members in which a job that is there differs from what is asked for: none, it is the same."""
    asked = {key: value for key, value in request.items() if key not in ("Tags", "StoppingCondition")}
    return [
        key
        for key in ("ModelPackageVersionArn", "InputConfig", "OutputConfig", "RoleArn", "VpcConfig")
        if _plain(asked.get(key)) != _plain(described.get(key))
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item not in (None, "", {}, [])}
    return sorted(value) if isinstance(value, list) else value or None
