"""The requests of a spec, in AWS's own shape, each with the name that follows from its content."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from neuronserve.deploy.sagemaker.plan import environment, names
from neuronserve.deploy.sagemaker.plan.spec import Async, Capture, Container, EndpointSpec, Kind, Variant
from neuronserve.deploy.sagemaker.rules import Built

Request = dict[str, Any]
_MODES = {Kind.PIPELINE: "Serial", Kind.DIRECT: "Direct"}


@dataclasses.dataclass(frozen=True)
class Requests:
    """CreateModel requests (one for each different model), CreateEndpointConfig and CreateEndpoint.

    ``built``: what is known of the artefacts, by the name of the model.
    """

    models: tuple[Request, ...]
    config: Request
    endpoint: Request
    built: Mapping[str, tuple[Built, ...]] = dataclasses.field(default_factory=dict)

    def calls(self) -> list[tuple[str, Request]]:
        """All of them, in order, as for an endpoint that is not there yet."""
        return [
            *(("CreateModel", model) for model in self.models),
            ("CreateEndpointConfig", self.config),
            ("CreateEndpoint", self.endpoint),
        ]


def build(spec: EndpointSpec) -> Requests:
    """Raises InvalidInput where no request can be made of it; the rules judge what is made."""
    models: dict[str, Request] = {}
    built: dict[str, tuple[Built, ...]] = {}
    variants = []
    for variant in spec.variants:
        model = _model(spec, variant)
        models[model["ModelName"]] = model
        built[model["ModelName"]] = tuple(one.built for one in variant.containers if one.built)
        variants.append(_variant(spec, variant, model["ModelName"]))
    config = _config(spec, variants)
    endpoint: Request = {"EndpointName": spec.name, "EndpointConfigName": config["EndpointConfigName"]}
    if spec.rollout:
        endpoint["DeploymentConfig"] = spec.rollout.request()
    if spec.tags:
        endpoint["Tags"] = tags(spec.tags)
    return Requests(tuple(models.values()), config, endpoint, built)


def tags(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


def _named(spec: EndpointSpec, member: str, content: Request) -> Request:
    """With the name first, and the tags, of which the name does not depend, last."""
    name = names.derived(spec.name, content)
    return {member: name, **content, "Tags": tags({**spec.tags, names.OWNER: spec.name})}


def _model(spec: EndpointSpec, variant: Variant) -> Request:
    environments = environment.merged(spec, variant)
    made = [
        _container(spec, container, variables)
        for container, variables in zip(variant.containers, environments, strict=True)
    ]
    content: Request = {"Containers": made} if spec.kind.several else {"PrimaryContainer": made[0]}
    if spec.kind in _MODES:
        content["InferenceExecutionConfig"] = {"Mode": _MODES[spec.kind]}
    content["ExecutionRoleArn"] = spec.role
    if spec.subnets or spec.security_groups:
        content["VpcConfig"] = {
            "SecurityGroupIds": list(spec.security_groups),
            "Subnets": list(spec.subnets),
        }
    if spec.isolated:
        content["EnableNetworkIsolation"] = True
    return _named(spec, "ModelName", content)


def _container(spec: EndpointSpec, container: Container, variables: Mapping[str, str]) -> Request:
    made: Request = {}
    if container.hostname:
        made["ContainerHostname"] = container.hostname
    made["Image"] = container.image
    multi_model = spec.kind is Kind.MULTI_MODEL
    if multi_model:
        made["Mode"] = "MultiModel"
        if spec.model_cache is not None:
            cache = "Enabled" if spec.model_cache else "Disabled"
            made["MultiModelConfig"] = {"ModelCacheSetting": cache}
    if container.model and (multi_model or not container.model.endswith("/")):
        made["ModelDataUrl"] = container.model
    elif container.model:
        source = {"S3Uri": container.model, "S3DataType": "S3Prefix", "CompressionType": "None"}
        made["ModelDataSource"] = {"S3DataSource": source}
    if variables:
        made["Environment"] = dict(variables)
    if spec.metrics is not None:
        metrics = {"MetricsEndpointPath": "/metrics", "MetricPublishFrequencyInSeconds": spec.metrics}
        made["ContainerMetricsConfig"] = {"MetricsEndpoints": [metrics]}
    return made


def _variant(spec: EndpointSpec, variant: Variant, model: str) -> Request:
    hosting = spec.hosting
    managed = hosting.managed and {
        "Status": "ENABLED", "MinInstanceCount": hosting.managed[0], "MaxInstanceCount": hosting.managed[1],
    }  # fmt: skip
    return _without_none(
        {
            "VariantName": variant.name,
            "ModelName": model,
            "InitialInstanceCount": variant.count,
            "InstanceType": variant.instance_type,
            "InitialVariantWeight": variant.weight,
            "VolumeSizeInGB": hosting.volume_gb,
            "ModelDataDownloadTimeoutInSeconds": hosting.download_seconds,
            "ContainerStartupHealthCheckTimeoutInSeconds": hosting.startup_seconds,
            "EnableSSMAccess": hosting.ssm or None,
            "ManagedInstanceScaling": managed,
            "RoutingConfig": hosting.routing and {"RoutingStrategy": hosting.routing},
            "InferenceAmiVersion": hosting.ami,
        }
    )


def _config(spec: EndpointSpec, variants: Sequence[Request]) -> Request:
    content = _without_none(
        {
            "ProductionVariants": list(variants),
            "DataCaptureConfig": spec.capture and _capture(spec.capture),
            "KmsKeyId": spec.hosting.kms_key,
            "AsyncInferenceConfig": spec.asynchronous and _async(spec.asynchronous),
            "MetricsConfig": {"EnableDetailedObservability": True} if spec.metrics is not None else None,
        }
    )
    return _named(spec, "EndpointConfigName", content)


def _capture(capture: Capture) -> Request:
    types = _without_none({
        "CsvContentTypes": list(capture.csv) or None, "JsonContentTypes": list(capture.json) or None,
    })  # fmt: skip
    return _without_none(
        {
            "EnableCapture": True,
            "InitialSamplingPercentage": capture.percent,
            "DestinationS3Uri": capture.destination,
            "KmsKeyId": capture.kms_key,
            "CaptureOptions": [{"CaptureMode": mode} for mode in capture.modes],
            "CaptureContentTypeHeader": types or None,
        }
    )


def _async(asked: Async) -> Request:
    notification = _without_none({"SuccessTopic": asked.success_topic, "ErrorTopic": asked.error_topic})
    if asked.include_response:
        topics = (("SuccessTopic", "SUCCESS_NOTIFICATION_TOPIC"), ("ErrorTopic", "ERROR_NOTIFICATION_TOPIC"))
        notification["IncludeInferenceResponseIn"] = [word for key, word in topics if key in notification]
    output = _without_none(
        {
            "KmsKeyId": asked.kms_key,
            "S3OutputPath": asked.output,
            "NotificationConfig": notification or None,
            "S3FailurePath": asked.failure,
        }
    )
    client = {"MaxConcurrentInvocationsPerInstance": asked.concurrency} if asked.concurrency else None
    return _without_none({"ClientConfig": client, "OutputConfig": output})


def _without_none(content: Request) -> Request:
    return {key: value for key, value in content.items() if value is not None}
