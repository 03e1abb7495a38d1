"""What AWS Fargate asks for, and what it has not. Chips are among the latter.

Source: RegisterTaskDefinition's documentation and "Task size" in the ECS developer guide.
"""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation import amounts
from neuronserve.deploy.ecs.validation.subject import Subject
from neuronserve.deploy.findings import Finding

_SIZES: dict[int, range | tuple[int, ...]] = {  # units -> MiB
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
_WITHOUT = (
    "containerDefinitions.*.linuxParameters.devices",
    "containerDefinitions.*.linuxParameters.sharedMemorySize",
    "containerDefinitions.*.linuxParameters.maxSwap",
    "containerDefinitions.*.linuxParameters.swappiness",
    "containerDefinitions.*.dockerSecurityOptions",
    "containerDefinitions.*.resourceRequirements",
    "placementConstraints",
    "ipcMode",
    "volumes.*.dockerVolumeConfiguration",
    "volumes.*.host.sourcePath",
)


def check(subject: Subject) -> Iterator[Finding]:
    if not subject.fargate:
        return
    for path in _WITHOUT:
        for place in subject.root.find(path):
            if place.value and not place.unknown:
                yield place.error(
                    "not-on-fargate",
                    f"AWS Fargate has no {path.rpartition('.')[2]}",
                    "take FARGATE out of requiresCompatibilities, or remove it",
                )
    for place in subject.root.find("containerDefinitions.*.privileged"):
        if place.flag:
            yield place.error("not-on-fargate", "AWS Fargate has no privileged containers", "remove it")
    yield from _network(subject)
    yield from _size(subject)
    yield from _times(subject)
    for driver in subject.root.find("containerDefinitions.*.logConfiguration.logDriver"):
        if driver.text and driver.text not in _LOG_DRIVERS:
            yield driver.error(
                "not-on-fargate",
                f"AWS Fargate has no log driver {driver.text!r}",
                f"use one of {', '.join(_LOG_DRIVERS)}",
            )


def _network(subject: Subject) -> Iterator[Finding]:
    mode = subject.root.at("networkMode")
    if not mode.unknown and mode.text != "awsvpc":
        yield mode.error("not-on-fargate", "AWS Fargate asks for network mode awsvpc", "write awsvpc")


def _size(subject: Subject) -> Iterator[Finding]:
    for name in ("cpu", "memory"):
        if not subject.root.at(name).given:
            yield subject.root.error("missing-member", f"AWS Fargate needs the task's {name}", f"add {name}")
    cpu, memory = amounts.task_cpu(subject.root), amounts.task_memory(subject.root)
    if cpu is not None and cpu not in _SIZES:
        words = ", ".join(map(str, _SIZES))
        yield subject.root.at("cpu").error(
            "fargate-size", f"{cpu} units: expected one of {words}", "choose one"
        )
    elif cpu is not None and memory is not None and memory not in _SIZES[cpu]:
        sizes = _SIZES[cpu]
        yield subject.root.at("memory").error(
            "fargate-size",
            f"{memory} MiB with {cpu} units: expected {sizes[0]} to {sizes[-1]} in its steps",
            "choose one of them",
        )


def _times(subject: Subject) -> Iterator[Finding]:
    for name in ("startTimeout", "stopTimeout"):
        for place in subject.root.find(f"containerDefinitions.*.{name}"):
            if place.number is not None and not 2 <= place.number <= 120:
                yield place.error(
                    "out-of-range",
                    f"{place.number}: AWS Fargate takes 2 to 120 seconds",
                    "keep it within that",
                )
