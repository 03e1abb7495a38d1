"""From what was asked for to CreateTransformJob, as a value."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from neuronserve.deploy.sagemaker.plan import names


@dataclasses.dataclass(frozen=True)
class Job:
    """``source``: an S3 prefix, or a manifest's URI with ``manifest``. MB and seconds; None: SageMaker's own.

    ``payload_mb`` 0: each object is sent as one stream. ``join``: each input record comes with its answer.
    """

    model: str
    source: str
    output: str
    instance_type: str
    name: str = ""
    count: int = 1
    content_type: str = ""
    accept: str = ""
    split: str = ""
    assemble: str = ""
    strategy: str = ""
    compression: str = ""
    manifest: bool = False
    payload_mb: int | None = None
    at_once: int | None = None
    timeout: int | None = None
    retries: int | None = None
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    input_filter: str = ""
    output_filter: str = ""
    join: bool = False
    output_kms_key: str = ""
    volume_kms_key: str = ""
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)


def build(job: Job) -> dict[str, Any]:
    """The request. Without a name it gets one that follows from its content."""
    source = {"S3DataType": "ManifestFile" if job.manifest else "S3Prefix", "S3Uri": job.source}
    request = _given(
        {
            "ModelName": job.model,
            "MaxConcurrentTransforms": job.at_once,
            "ModelClientConfig": _given(
                {"InvocationsTimeoutInSeconds": job.timeout, "InvocationsMaxRetries": job.retries}
            ),
            "MaxPayloadInMB": job.payload_mb,
            "BatchStrategy": job.strategy,
            "Environment": dict(job.environment),
            "TransformInput": _given(
                {
                    "DataSource": {"S3DataSource": source},
                    "ContentType": job.content_type,
                    "CompressionType": job.compression,
                    "SplitType": job.split,
                }
            ),
            "TransformOutput": _given(
                {
                    "S3OutputPath": job.output,
                    "Accept": job.accept,
                    "AssembleWith": job.assemble,
                    "KmsKeyId": job.output_kms_key,
                }
            ),
            "TransformResources": _given(
                {
                    "InstanceType": job.instance_type,
                    "InstanceCount": job.count,
                    "VolumeKmsKeyId": job.volume_kms_key,
                }
            ),
            "DataProcessing": _given(
                {
                    "InputFilter": job.input_filter,
                    "OutputFilter": job.output_filter,
                    "JoinSource": "Input" if job.join else "",
                }
            ),
        }
    )
    if job.tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in job.tags.items()]
    return {"TransformJobName": job.name or names.derived(job.model, request), **request}


def _given(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value not in (None, "", {})}
