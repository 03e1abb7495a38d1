"""A program for Neuron chips, or an instance that has them, and no chip is given; GPUs where there are none.

ECS places tasks on Neuron instances without a look at chips: a container sees those alone that the task
definition gives it, and its runtime fails without (``No neuron device available``).
"""

from __future__ import annotations

from collections.abc import Iterator

from neuronserve.deploy.ecs.validation import programs
from neuronserve.deploy.ecs.validation.subject import Subject, takes_chips
from neuronserve.deploy.findings import Finding
from neuronserve.deploy.node import Node

_DEVICES = (
    'add linuxParameters.devices: {"hostPath": "/dev/neuron0", "containerPath": "/dev/neuron0", '
    '"permissions": ["read", "write"]} for each chip'
)
_MAY_GIVE = ("linuxParameters.devices.*.hostPath", "resourceRequirements.*.type", "privileged")
_MANAGED = 'add resourceRequirements: [{"type": "NeuronDevice", "value": "ALL"}]'
_ELSEWHERE = "run it on EC2 instances or Managed Instances with Neuron chips"


def check(subject: Subject) -> Iterator[Finding]:
    yield from _gpus(subject)
    without = [container for container in subject.containers if not _may_see_chips(container)]
    told = [finding for container in without for finding in _needy(subject, container)]
    yield from told
    if not told and subject.hosts.only_neuron and not _serves_on_chips(subject):
        candidates = [c for c in without if not (programs.observes(c) or programs.without_chips(c))]
        yield from (_nobody(subject, container) for container in candidates[:1])


def _may_see_chips(container: Node) -> bool:
    """A privileged one sees all of the instance's."""
    unknown = any(map(container.may_have, _MAY_GIVE))
    return takes_chips(container) or bool(container.at("privileged").flag) or unknown


def _serves_on_chips(subject: Subject) -> bool:
    return any(_may_see_chips(c) and not programs.observes(c) for c in subject.containers)


def _needy(subject: Subject, container: Node) -> Iterator[Finding]:
    """A container that needs chips, by what it runs."""
    if _only_fargate(subject):
        if why := programs.surely_needs_chips(container):
            yield container.error(
                "no-chips", f"{why} is for Neuron chips, and AWS Fargate has none", _ELSEWHERE
            )
    elif subject.hosts.only_neuron:
        if why := programs.needs_chips(container):
            yield container.error(
                "no-chips",
                f"{why} is for Neuron chips, and the container gets none: no /dev/neuron device is given "
                f"(it runs on {subject.hosts.spoken})",
                _fix(subject),
            )
    elif why := programs.surely_needs_chips(container):
        yield container.warning(
            "no-chips",
            f"{why} is for Neuron chips, and the container gets none: no /dev/neuron device is given",
            _fix(subject),
        )


def _nobody(subject: Subject, container: Node) -> Finding:
    observed = " but a sidecar" if subject.takes_chips else ""
    return container.error(
        "no-chips",
        f"the task is kept for instances with Neuron chips ({subject.hosts.spoken}), and no "
        f"container{observed} is given a /dev/neuron device",
        _fix(subject),
    )


def _fix(subject: Subject) -> str:
    return _MANAGED if subject.managed and not subject.on_instances else _DEVICES


def _only_fargate(subject: Subject) -> bool:
    return subject.fargate and not (subject.on_instances or subject.managed)


def _gpus(subject: Subject) -> Iterator[Finding]:
    for container in subject.containers:
        for need in container.each("resourceRequirements"):
            if need.at("type").text != "GPU":
                continue
            if subject.hosts.only_neuron or takes_chips(container):
                yield need.error(
                    "gpu-on-neuron",
                    "instances with Neuron chips have no GPUs: ECS never places the task (RESOURCE:GPU)",
                    f"remove it; {_fix(subject)}",
                )
            elif programs.surely_needs_chips(container):
                yield need.warning(
                    "gpu-on-neuron",
                    "the container is made for Neuron chips, and asks for a GPU, which is another thing",
                    f"remove it; {_fix(subject)}",
                )
