"""The platform that the task is made for. Neuron instances are x86-64 and run Linux."""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding


def check(subject: Subject) -> Iterator[Finding]:
    platform = subject.root.at("runtimePlatform")
    architecture, system = platform.at("cpuArchitecture"), platform.at("operatingSystemFamily")
    if not subject.takes_chips:
        return
    if architecture.text == "ARM64":
        yield architecture.error("wrong-platform", "instances with Neuron chips are x86-64", "write X86_64")
    if (system.text or "").startswith("WINDOWS"):
        yield system.error("wrong-platform", "Neuron's driver is for Linux", "write LINUX")
