"""What to rehearse, read from AWS's own requests: what ``deploy --dry-run`` and ``batch --dry-run`` print."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from neuronserve.deploy import documents, shapes
from neuronserve.deploy.findings import Severity
from neuronserve.deploy.sagemaker.local import transform
from neuronserve.deploy.sagemaker.local.joining import WHOLE, Processing
from neuronserve.deploy.sagemaker.local.wanted import VARIANT, Async, Container, Endpoint, Kind
from neuronserve.errors import InvalidInput

Request = Mapping[str, Any]
_HAS = {  # an operation by the members that its request alone has
    "CreateTransformJob": {"TransformJobName"},
    "CreateEndpointConfig": {"EndpointConfigName", "ProductionVariants"},
    "CreateEndpoint": {"EndpointName", "EndpointConfigName"},
    "CreateModel": {"ModelName"},
}
_OTHERS = ("PrimaryContainer", "Containers")
_SINGLE = "primary"


@dataclasses.dataclass(frozen=True)
class Asked:
    """The requests of one rehearsal, by operation."""

    requests: Mapping[str, Request]

    def get(self, operation: str) -> Request:
        return self.requests.get(operation, {})


def read(names: Iterable[str]) -> Asked:
    """Files with a request each, or a list of them; of each operation one. Raises InvalidInput."""
    found: dict[str, Request] = {}
    for name in names:
        document = documents.read(name)
        for number, request in enumerate(document if isinstance(document, list) else [document]):
            where = f"{name}#/{number}" if isinstance(document, list) else name
            operation = _operation(request)
            if not operation:
                continue
            _check(operation, request, where)
            if operation in found:
                raise InvalidInput(
                    f"{where}: a second {operation}", hint="one endpoint is rehearsed at a time"
                )
            found[operation] = request
    if "CreateModel" not in found:
        raise InvalidInput(
            f"{', '.join(names)}: no CreateModel request",
            hint="scripts/sagemaker deploy --dry-run prints one",
        )
    return Asked(found)


def _operation(request: Any) -> str:
    """Empty for a request that a rehearsal has no use for, such as one of auto scaling."""
    if not isinstance(request, dict):
        return ""
    if set(_OTHERS) & set(request):
        return "CreateModel"
    return next((name for name, members in _HAS.items() if members <= set(request)), "")


def _check(operation: str, request: Request, where: str) -> None:
    for finding in shapes.findings("sagemaker", operation, request):
        if finding.severity is Severity.ERROR:
            raise InvalidInput(f"{where}{'' if '#' in where else '#'}{finding.pointer}: {finding.message}")


def endpoint(asked: Asked, *, name: str, startup: float | None) -> Endpoint:
    """``name`` and ``startup``: of the command line, if any."""
    model, config = asked.get("CreateModel"), asked.get("CreateEndpointConfig")
    variant, asynchronous = _variant(config), _asynchronous(config)
    containers = tuple(_containers(model))
    timeout = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", Endpoint.startup)
    return Endpoint(
        name=name or asked.get("CreateEndpoint").get("EndpointName") or model["ModelName"],
        kind=_kind(model, containers, asynchronous),
        containers=containers,
        variant=variant.get("VariantName", VARIANT),
        isolated=model.get("EnableNetworkIsolation", False),
        startup=startup or timeout,
        asynchronous=asynchronous,
    )


def _kind(model: Request, containers: tuple[Container, ...], asynchronous: Async | None) -> Kind:
    if len(containers) > 1:
        direct = model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct"
        return Kind.DIRECT if direct else Kind.PIPELINE
    if containers[0].multi_model:
        return Kind.MULTI_MODEL
    return Kind.ASYNC if asynchronous else Kind.REALTIME


def _containers(model: Request) -> list[Container]:
    listed = model.get("Containers") or [model["PrimaryContainer"]]
    return [_container(one, number, len(listed)) for number, one in enumerate(listed, 1)]


def _container(one: Request, number: int, count: int) -> Container:
    source = one.get("ModelDataSource", {}).get("S3DataSource", {})
    automatic = _SINGLE if count == 1 else f"container-{number}"
    return Container(
        name=(one.get("ContainerHostname", "") if count > 1 else "") or automatic,
        model=one.get("ModelDataUrl") or source.get("S3Uri", ""),
        image=one.get("Image", ""),
        environment=one.get("Environment", {}),
        multi_model=one.get("Mode") == "MultiModel",
        cached=one.get("MultiModelConfig", {}).get("ModelCacheSetting") != "Disabled",
    )


def _variant(config: Request) -> Request:
    variants: list[Request] = config.get("ProductionVariants", [{}])
    if len(variants) > 1:
        raise InvalidInput(
            "several production variants: one is rehearsed at a time", hint="leave one in the file"
        )
    if "ServerlessConfig" in variants[0]:
        raise InvalidInput("serverless endpoints have no accelerators: they are not rehearsed")
    return variants[0]


def _asynchronous(config: Request) -> Async | None:
    asked = config.get("AsyncInferenceConfig")
    if not asked:
        return None
    output, topics = asked["OutputConfig"], asked["OutputConfig"].get("NotificationConfig", {})
    return Async(
        output=output.get("S3OutputPath", ""),
        failure=output.get("S3FailurePath", ""),
        concurrent=asked.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance", Async.concurrent),
        success_topic=topics.get("SuccessTopic", ""),
        error_topic=topics.get("ErrorTopic", ""),
    )


def job(asked: Asked) -> tuple[transform.Wanted, str, str, Mapping[str, str]]:
    """A transform job: its settings, the URIs of its input and output, its environment."""
    request = asked.get("CreateTransformJob")
    source, target = request["TransformInput"], request["TransformOutput"]
    data, client = source["DataSource"]["S3DataSource"], request.get("ModelClientConfig", {})
    if data["S3DataType"] != "S3Prefix":
        raise InvalidInput(f"S3DataType {data['S3DataType']} is not rehearsed", hint="S3Prefix")
    process = request.get("DataProcessing", {})
    wanted = transform.Wanted(
        content_type=source.get("ContentType", ""),
        accept=target.get("Accept", ""),
        split=source.get("SplitType", "None"),
        assemble=target.get("AssembleWith", "None"),
        strategy=request.get("BatchStrategy"),
        max_payload_mb=request.get("MaxPayloadInMB"),
        concurrent=request.get("MaxConcurrentTransforms"),
        compressed=source.get("CompressionType") == "Gzip",
        timeout=client.get("InvocationsTimeoutInSeconds", transform.Wanted.timeout),
        retries=client.get("InvocationsMaxRetries", transform.Wanted.retries),
        processing=Processing(
            process.get("InputFilter", WHOLE), process.get("OutputFilter", WHOLE),
            process.get("JoinSource") == "Input",
        ),
    )  # fmt: skip
    return wanted, data["S3Uri"], target["S3OutputPath"], request.get("Environment", {})
