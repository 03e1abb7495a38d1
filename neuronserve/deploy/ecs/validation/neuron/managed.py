"""ECS Managed Instances: NeuronDevice, which gives one container all chips; Elastic Inference, now gone."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation import chips
from neuronserve.deploy.ecs.validation.subject import Subject, asks_for_all
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

# ECS developer guide, "Task definition differences for Amazon ECS Managed Instances"; tmpfs, which it lists
# too, came in January 2026. Devices by path are taken: its page on Neuron shows them.
_WITHOUT = (
    "containerDefinitions.*.disableNetworking",
    "containerDefinitions.*.dnsSearchDomains",
    "containerDefinitions.*.dnsServers",
    "containerDefinitions.*.dockerSecurityOptions",
    "containerDefinitions.*.extraHosts",
    "containerDefinitions.*.hostname",
    "containerDefinitions.*.links",
    "containerDefinitions.*.linuxParameters.maxSwap",
    "containerDefinitions.*.linuxParameters.sharedMemorySize",
    "containerDefinitions.*.linuxParameters.swappiness",
    "ephemeralStorage",
    "ipcMode",
    "proxyConfiguration",
    "volumes.*.dockerVolumeConfiguration",
    "volumes.*.fsxWindowsFileServerVolumeConfiguration",
)
_NETWORKS = ("awsvpc", "host", "none")
_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens", "json-file")


def check(subject: Subject) -> Iterator[Finding]:
    yield from _elastic_inference(subject)
    askers = [container for container in subject.containers if asks_for_all(container)]
    for container in askers:
        yield from _value(container)
    for container in askers[1:]:
        yield container.at("resourceRequirements").error(
            "neuron-device-twice",
            "NeuronDevice gives one container all chips, and another has it already",
            "keep one",
        )
    if askers:
        yield from _not_with_devices(subject)
        yield from _place(subject, askers[0].at("resourceRequirements"))
    if subject.managed and not (subject.on_instances or subject.fargate):
        yield from _managed(subject)


def _elastic_inference(subject: Subject) -> Iterator[Finding]:
    places = [
        *subject.root.find("inferenceAccelerators"),
        *(
            need
            for need in subject.root.find("containerDefinitions.*.resourceRequirements.*.type")
            if need.text == "InferenceAccelerator"
        ),
    ]
    for place in places:
        if place.value and not place.unknown:
            yield place.error(
                "elastic-inference",
                "this is Elastic Inference, which AWS has closed, and not Inferentia",
                "remove it; give chips with linuxParameters.devices or NeuronDevice",
            )


def _value(container: Node) -> Iterator[Finding]:
    for need in container.each("resourceRequirements"):
        value = need.at("value")
        if need.at("type").text == "NeuronDevice" and not value.unknown and value.text != "ALL":
            yield value.error("neuron-device-value", "NeuronDevice takes ALL and nothing else", 'write "ALL"')


def _not_with_devices(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        if chips.places(container):
            yield container.at("linuxParameters", "devices").error(
                "two-ways-to-chips",
                "chips by path, and by NeuronDevice in the same task",
                "keep one: NeuronDevice on Managed Instances, paths on EC2",
            )


def _place(subject: Subject, place: Node) -> Iterator[Finding]:
    compatibilities = subject.root.at("requiresCompatibilities")
    if subject.on_instances or subject.fargate:
        yield place.error(
            "neuron-device-not-managed",
            "NeuronDevice is for Managed Instances only",
            "write requiresCompatibilities: [MANAGED_INSTANCES], or give chips by path",
        )
    elif not (subject.managed or subject.root.may_have("requiresCompatibilities.*")):
        yield compatibilities.warning(
            "neuron-device-not-managed",
            "NeuronDevice is for Managed Instances only, and nothing names them",
            "add requiresCompatibilities: [MANAGED_INSTANCES]",
        )
    if subject.hosts.types and all(t.family == "inf1" for t in subject.hosts.types):
        yield place.error(
            "neuron-device-on-inf1", "Managed Instances have no Inf1", "give chips by path, on EC2"
        )


def _managed(subject: Subject) -> Iterator[Finding]:
    for path in _WITHOUT:
        for place in subject.root.find(path):
            if place.value and not place.unknown:
                yield place.error(
                    "not-on-managed", f"Managed Instances have no {path.rpartition('.')[2]}", "remove it"
                )
    mode = subject.root.at("networkMode")
    if mode.text is not None and mode.text not in _NETWORKS:
        yield mode.error(
            "not-on-managed",
            f"Managed Instances have no network mode {mode.text[:60]}",
            f"use one of {', '.join(_NETWORKS)}",
        )
    for driver in subject.root.find("containerDefinitions.*.logConfiguration.logDriver"):
        if driver.text is not None and driver.text not in _LOG_DRIVERS:
            yield driver.error(
                "not-on-managed",
                f"Managed Instances have no log driver {driver.text[:60]}",
                f"use one of {', '.join(_LOG_DRIVERS)}",
            )
