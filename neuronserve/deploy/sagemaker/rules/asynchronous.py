"""Asynchronous inference: which endpoints can have it, and where its results go.

``InvokeEndpointAsync`` names neither a model nor a container, so that no endpoint that needs one of them can
be asynchronous. Source: botocore's model of the runtime; "Asynchronous inference".
"""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node
from neuronserve.deploy.sagemaker.rules import hosting
from neuronserve.deploy.sagemaker.rules.subject import Subject, chips, direct, multi_model

_TOPICS = {"SUCCESS_NOTIFICATION_TOPIC": "SuccessTopic", "ERROR_NOTIFICATION_TOPIC": "ErrorTopic"}
_BY_TARGET = (
    (multi_model, "async-multi-model", "a multi-model endpoint needs TargetModel"),
    (direct, "async-direct", "direct invocation needs TargetContainerHostname"),
)


def check(subject: Subject) -> Iterator[Finding]:
    config = subject.root.at("AsyncInferenceConfig")
    if not config.given:
        return
    for model in subject.models():
        for has, code, needs in _BY_TARGET:
            if has(model):
                yield config.error(
                    code,
                    f"{needs}, and asynchronous requests cannot name one",
                    "leave AsyncInferenceConfig out, or make an endpoint for each model",
                )
    for variant in subject.variants():
        instance = chips(variant)
        if instance and instance.family in hosting.NO_ASYNC:
            yield variant.at("InstanceType").error(
                "async-family",
                f"AWS has no asynchronous inference on {instance.family.capitalize()} instances",
                "use Inf2 or Trn1, or a real-time endpoint",
            )
        if variant.at("ServerlessConfig").given:
            yield variant.at("ServerlessConfig").error(
                "async-serverless", "an endpoint is asynchronous or serverless", "leave one of them out"
            )
    yield from _output(config.at("OutputConfig"))


def _output(output: Node) -> Iterator[Finding]:
    if output.given and not output.at("S3OutputPath").given:
        yield output.error(
            "async-output", "without S3OutputPath the results have nowhere to go", "add S3OutputPath"
        )
    notification = output.at("NotificationConfig")
    for place in notification.each("IncludeInferenceResponseIn"):
        topic = _TOPICS.get(place.text or "")
        if topic and not notification.at(topic).given:
            yield place.error(
                "async-topic", f"{place.text} is asked for, and no {topic} is given", f"add {topic}"
            )
